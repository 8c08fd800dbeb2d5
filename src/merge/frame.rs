//! What surrounds a text without being part of any entry: byte order mark, kind of line ends,
//! the final line break. It is taken off before the merge, merged by itself, and put back.

use super::sides::{Side, Sides};

const MARK: char = '\u{feff}';

/// How a text is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    mark: bool,
    crlf: bool,
    final_newline: bool,
}

impl Frame {
    /// Takes the frame off: the text with `\n` line ends (where all were `\r\n`), without byte
    /// order mark and with a final line break. Mixed line ends are left as they are.
    pub(super) fn take_off(text: &str) -> (Frame, String) {
        let bare = text.strip_prefix(MARK).unwrap_or(text);
        let breaks = bare.matches('\n').count();
        let crlf = breaks > 0 && bare.matches("\r\n").count() == breaks;
        let mut inner = if crlf { bare.replace("\r\n", "\n") } else { bare.to_owned() };
        let final_newline = inner.is_empty() || inner.ends_with('\n');
        if !final_newline {
            inner.push('\n');
        }
        (Frame { mark: bare.len() < text.len(), crlf, final_newline }, inner)
    }

    /// The frame of the result: each part from the side that changed it.
    pub(super) fn merged(frames: Sides<Frame>, base_is_empty: bool) -> Frame {
        let canvas = Side::Ours;
        let pick = |part: fn(&Frame) -> bool| {
            let parts = frames.as_ref().map(part);
            // An empty base has no style that a side could have moved away from.
            let side = if base_is_empty { canvas } else { parts.styled(canvas) };
            *parts.get(side)
        };
        Frame {
            mark: pick(|frame| frame.mark),
            crlf: pick(|frame| frame.crlf),
            final_newline: pick(|frame| frame.final_newline),
        }
    }

    /// Whether the text ended with a line break.
    pub(super) fn has_final_newline(self) -> bool {
        self.final_newline
    }

    /// Puts the frame back around a text.
    pub(super) fn put_on(self, inner: &str) -> String {
        let inner = if self.final_newline { inner } else { inner.strip_suffix('\n').unwrap_or(inner) };
        let mark = if self.mark { "\u{feff}" } else { "" };
        if self.crlf {
            let unified = inner.replace("\r\n", "\n").replace('\n', "\r\n");
            format!("{mark}{unified}")
        } else {
            format!("{mark}{inner}")
        }
    }

    /// Puts the frame back around a text with markers. Where they stand first, a byte order mark
    /// comes behind each of them: before the marker it would hide it, and go with it.
    pub(super) fn put_on_markers(self, inner: &str, marker_size: usize) -> String {
        let is_marker = |line: &str| {
            let mark = line.chars().next().filter(|mark| "<|=>".contains(*mark));
            mark.is_some_and(|mark| line.chars().take_while(|next| *next == mark).count() >= marker_size)
        };
        if !self.mark || !inner.lines().next().is_some_and(is_marker) {
            return self.put_on(inner);
        }
        let (mut marked, mut open, mut behind) = (String::with_capacity(inner.len() + 9), true, false);
        for line in inner.split_inclusive('\n') {
            if behind && !is_marker(line) {
                marked.push(MARK);
            }
            marked.push_str(line);
            open = open && !(is_marker(line) && line.starts_with('>'));
            behind = open && is_marker(line);
        }
        Frame { mark: false, ..self }.put_on(&marked)
    }

    /// The same frame with a final line break, where leaving it out would change what a last
    /// block scalar says.
    pub(super) fn with_final_newline(self) -> Frame {
        Frame { final_newline: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was() {
        for text in ["", "a: 1\n", "a: 1", "\u{feff}a: 1\r\nb: 2\r\n", "a: 1\r\nb: 2", "a: 1\r\nb: 2\n"] {
            let (frame, inner) = Frame::take_off(text);
            assert_eq!(frame.put_on(&inner), text, "{text:?}");
        }
    }

    #[test]
    fn each_part_comes_from_the_side_that_changed_it() {
        let frame = |text| Frame::take_off(text).0;
        let frames = Sides { base: frame("a\nb\n"), ours: frame("a\nb"), theirs: frame("a\r\nb\r\n") };
        assert_eq!(Frame::merged(frames, false).put_on("a\nb\n"), "a\r\nb");
    }
}
