//! The two streams a command talks to. Whoever stops listening (`sysbom check | head`) is no
//! failure: the status still says what was found.

use std::io::{self, Write};

use super::failure::Failure;

/// Standard output and standard error.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    /// A console of these streams.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Console { out, err }
    }

    /// Writes the result of a command. A closed pipe counts as written; a full disk does not.
    pub fn out(&mut self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let written = self.out.write_all(text.as_ref()).and_then(|()| self.out.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new("could not write the result to standard output").because(error))
            }
            _ => Ok(()),
        }
    }

    /// Says something to the person in front. If nobody can be told, the status has to do.
    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        let _ = self.err.write_all(text.as_ref()).and_then(|()| self.err.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        let mut nobody = io::sink();
        assert!(Console::new(&mut Failing(io::ErrorKind::BrokenPipe), &mut nobody).out("x").is_ok());
        assert!(Console::new(&mut Failing(io::ErrorKind::StorageFull), &mut nobody).out("x").is_err());
    }
}
