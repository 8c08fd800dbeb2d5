//! Lines of a YAML text: where they begin and end, and what stands on them beside a value.

/// Questions about the lines of a text. Every offset is a byte between characters, and a line
/// ends with `\n` or `\r\n`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'t>(pub(super) &'t str);

impl<'t> Lines<'t> {
    /// Where the line of this byte begins; after the byte order mark on the first one.
    pub(super) fn start(self, at: usize) -> usize {
        match self.0[..at].rfind('\n') {
            Some(newline) => newline + 1,
            None if self.0.starts_with('\u{feff}') => '\u{feff}'.len_utf8().min(at),
            None => 0,
        }
    }

    /// Where the line of this byte ends, before its line break.
    pub(super) fn end(self, at: usize) -> usize {
        let rest = &self.0[at..];
        let line = rest.split('\n').next().unwrap_or(rest);
        let content = if rest.len() > line.len() { line.strip_suffix('\r').unwrap_or(line) } else { line };
        at + content.len()
    }

    /// After the line break of the line of this byte, or the end of the text.
    pub(super) fn after_break(self, at: usize) -> usize {
        self.0[at..].find('\n').map_or(self.0.len(), |newline| at + newline + 1)
    }

    /// Before the line break that ends at this byte, if one does.
    pub(super) fn before_break(self, at: usize) -> usize {
        let before = &self.0[..at];
        let before = before.strip_suffix('\n').map_or(before, |line| line.strip_suffix('\r').unwrap_or(line));
        before.len()
    }

    /// How many characters stand before this byte on its line.
    pub(super) fn column(self, at: usize) -> usize {
        self.0[self.start(at)..at].chars().count()
    }

    /// Whether only blanks stand before this byte on its line.
    pub(super) fn starts_line(self, at: usize) -> bool {
        self.0[self.start(at)..at].bytes().all(|byte| byte == b' ')
    }

    /// Whether only blanks stand after this byte on its line.
    pub(super) fn ends_line(self, at: usize) -> bool {
        self.skip_blanks(at) >= self.end(at)
    }

    /// The first byte at or after this one that is neither space nor tab.
    pub(super) fn skip_blanks(self, at: usize) -> usize {
        self.0.len() - self.0[at..].trim_start_matches([' ', '\t']).len()
    }

    /// The end of the comment that follows this byte on its line with only blanks between.
    pub(super) fn comment_after(self, at: usize) -> Option<usize> {
        let hash = self.skip_blanks(at);
        let is_comment = self.0[hash..].starts_with('#')
            && (hash > at || hash == self.start(hash) || { self.0[..hash].ends_with(',') });
        is_comment.then(|| self.end(hash))
    }

    /// The comma that follows this byte with only space and comments between.
    pub(super) fn comma_after(self, mut at: usize) -> Option<usize> {
        loop {
            at = self.0.len() - self.0[at..].trim_start_matches([' ', '\t', '\r', '\n']).len();
            match self.0.as_bytes().get(at) {
                Some(b',') => return Some(at),
                Some(b'#') => at = self.end(at),
                _ => return None,
            }
        }
    }

    /// Where the comment lines directly above the line of this byte begin, if they stand at its
    /// column; else where that line begins.
    pub(super) fn leading_comments(self, at: usize) -> usize {
        let column = self.column(at);
        let mut start = self.start(at);
        while start > 0 {
            let above = self.start(self.before_break(start));
            if above >= start {
                break;
            }
            let line = self.0[above..start].trim_start_matches(' ');
            let blanks = self.0[above..start].len() - line.len();
            if !line.starts_with('#') || blanks != column {
                break;
            }
            start = above;
        }
        start
    }

    /// The line break of this text: that of its first line.
    pub(super) fn newline(self) -> &'t str {
        match self.0.find('\n') {
            Some(newline) if self.0[..newline].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}
