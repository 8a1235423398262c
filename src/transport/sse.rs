//! Server-sent events: a line adapter for eventsource-stream.
//!
//! Fed with raw chunks, that library panics on a byte order mark, stalls on invalid UTF-8,
//! loses `retry:`-only blocks and takes quadratic time. The adapter feeds it one normalised
//! `line\n` at a time, within a size limit (WHATWG HTML, 9.2.5: leading BOM dropped, CR and
//! CRLF as LF, invalid UTF-8 decoded lossily). It also records what the library does not
//! report: comments, the ids of single blocks, and `retry`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use eventsource_stream::EventStream;
use futures_core::Stream;

use super::sse_source::{Line, Source};
use crate::exchange::KEEP_EVENTS;

/// One block of the stream. The caller sets `at`.
pub type Block = crate::exchange::Event;

/// Lines longer than this many bytes are passed on without an extra copy.
const LARGE: usize = 1024 * 1024;

/// Reader of the blocks of an event stream.
pub struct Events<R> {
    decoder: Pin<Box<EventStream<Lines<R>>>>,
    source: Rc<RefCell<Source<R>>>,
    side: Rc<RefCell<Side>>,
    /// The decoder holds nothing of the next block.
    is_between: bool,
}

/// Information that the adapter sees and the decoder does not report.
#[derive(Default)]
struct Side {
    /// Block that is being read.
    open: Block,
    open_has_data: bool,
    /// Completed blocks, in order; those with data wait for the decoder's event.
    ended: VecDeque<(Block, bool)>,
    error: Option<io::Error>,
}

impl<R: BufRead> Events<R> {
    /// Creates a reader. A single block of more than `limit` bytes is an error.
    pub fn new(reader: R, limit: u64) -> Self {
        let side = Rc::new(RefCell::new(Side::default()));
        let source = Rc::new(RefCell::new(Source::new(reader, limit)));
        let lines = Lines {
            source: Rc::clone(&source),
            side: Rc::clone(&side),
            pause: false,
            ending: false,
            has_begun: false,
        };
        let decoder = Box::pin(EventStream::new(lines));
        Self { decoder, source, side, is_between: true }
    }

    /// Returns the number of bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.source.borrow().bytes()
    }

    /// Returns the next block, or `None` at the end of the stream. A block cut off by the end
    /// is dropped (WHATWG HTML, 9.2.6); [`Self::unfinished`] reports it.
    pub fn next_block(&mut self) -> io::Result<Option<Block>> {
        if self.is_between
            && let Some(data) = self.source.borrow_mut().plain_block()?
        {
            let kind = "message".to_owned();
            return Ok(Some(Block { kind, data: Some(data), ..Block::default() }));
        }
        self.is_between = false;
        // The underlying reader blocks, so the waker is never needed.
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let polled = self.decoder.as_mut().poll_next(&mut context);
            let mut side = self.side.borrow_mut();
            match polled {
                Poll::Ready(Some(Ok(event))) => {
                    let (mut block, _) = side.ended.pop_front().unwrap_or_default();
                    block.kind = event.event;
                    block.data = Some(event.data);
                    self.is_between = side.ended.is_empty();
                    return Ok(Some(block));
                }
                Poll::Ready(Some(Err(_))) => {
                    let error = side.error.take();
                    return Err(error.unwrap_or_else(|| io::ErrorKind::InvalidData.into()));
                }
                Poll::Ready(None) => return Ok(None),
                Poll::Pending => {
                    // The adapter paused after a block without data, which the decoder would not
                    // return.
                    if let Some((block, _)) = side.ended.pop_front_if(|(_, has_data)| !*has_data) {
                        self.is_between = side.ended.is_empty();
                        return Ok(Some(block));
                    }
                }
            }
        }
    }

    /// Returns true if the stream ended in the middle of a block.
    pub fn unfinished(&self) -> bool {
        self.side.borrow().open_has_data
    }
}

/// Stream of normalised lines from a byte reader.
struct Lines<R> {
    source: Rc<RefCell<Source<R>>>,
    side: Rc<RefCell<Side>>,
    /// Yield once, so that a block without data is returned at once.
    pause: bool,
    /// True if the line ending of a large line is still to be passed on.
    ending: bool,
    /// True if the decoder has received a line.
    has_begun: bool,
}

impl<R: BufRead> Lines<R> {
    /// Returns the next line without its ending, or `None` at the end. An incomplete last line
    /// is dropped.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(match self.source.borrow_mut().next_line()? {
            Line::Whole(line) => Some(line),
            Line::End(cut) => {
                self.side.borrow_mut().open_has_data |= cut.starts_with(b"data");
                None
            }
        })
    }

    /// Records what the decoder does not report.
    fn note(&mut self, line: &str) {
        let side = &mut *self.side.borrow_mut();
        if line.is_empty() {
            let block = std::mem::take(&mut side.open);
            let has_data = std::mem::take(&mut side.open_has_data);
            self.source.borrow_mut().end_block();
            if has_data || block != Block::default() {
                side.ended.push_back((block, has_data));
                self.pause = !has_data;
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if side.open.comments.len() < KEEP_EVENTS => {
                side.open.comments.push(value.to_owned());
            }
            "data" => side.open_has_data = true,
            // An id that contains NUL is ignored (WHATWG HTML, 9.2.6).
            "id" if !value.contains('\0') => side.open.id = Some(value.to_owned()),
            // Only a number in ASCII digits is valid (WHATWG HTML, 9.2.6).
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                side.open.retry = value.parse().ok();
            }
            _ => {}
        }
    }
}

impl<R: BufRead> Stream for Lines<R>
where
    Self: Unpin,
{
    type Item = Result<String, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.ending) {
            return Poll::Ready(Some(Ok("\n".to_owned())));
        }
        if std::mem::take(&mut self.pause) {
            return Poll::Pending;
        }
        match self.next_line() {
            Ok(None) => Poll::Ready(None),
            Ok(Some(line)) => {
                let mut text = String::from_utf8(line)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                if self.source.borrow_mut().take_start()
                    && let Some(rest) = text.strip_prefix('\u{feff}')
                {
                    text = rest.to_owned();
                }
                // Any other mark is text, but the decoder panics on one in its first line.
                if !std::mem::replace(&mut self.has_begun, true) && text.starts_with('\u{feff}') {
                    text.insert(0, '\n');
                }
                self.note(text.trim_start_matches('\n'));
                // While decoding, the decoder holds the last piece besides its copies. The ending
                // of a large line follows separately, so that only the ending is held.
                if text.len() > LARGE {
                    self.ending = true;
                } else {
                    text.push('\n');
                }
                Poll::Ready(Some(Ok(text)))
            }
            Err(error) => {
                let kind = error.kind();
                self.side.borrow_mut().error = Some(error);
                Poll::Ready(Some(Err(kind.into())))
            }
        }
    }
}

impl<R> Unpin for Lines<R> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read};

    /// Reads blocks with a buffer of `chunk` bytes, to test every split.
    fn blocks_in(text: &[u8], chunk: usize) -> Vec<Block> {
        let mut events = Events::new(BufReader::with_capacity(chunk, text), 1 << 20);
        let mut blocks = Vec::new();
        while let Some(block) = events.next_block().unwrap() {
            blocks.push(block);
        }
        blocks
    }

    fn blocks(text: &str) -> Vec<Block> {
        let whole = blocks_in(text.as_bytes(), 8192);
        for chunk in [1, 2, 3, 7] {
            assert_eq!(blocks_in(text.as_bytes(), chunk), whole, "chunks of {chunk}");
        }
        whole
    }

    fn message(data: &str) -> Block {
        Block { kind: "message".into(), data: Some(data.into()), ..Block::default() }
    }

    #[test]
    fn an_event_without_a_type_is_a_message() {
        assert_eq!(blocks("data: {\"a\":1}\n\n"), [message("{\"a\":1}")]);
        assert_eq!(blocks("event: message\ndata: x\n\n"), [message("x")]);
        assert_eq!(blocks("event: endpoint\ndata: /m\n\n")[0].kind, "endpoint");
    }

    #[test]
    fn a_priming_event_has_empty_data_an_id_and_a_retry() {
        let primed = Block { id: Some("0".into()), retry: Some(3000), ..message("") };
        assert_eq!(blocks("data: \nid: 0\nretry: 3000\n\ndata: x\n\n"), [primed, message("x")]);
        assert_eq!(blocks("id: 7\ndata:\n\n")[0].data.as_deref(), Some(""));
    }

    #[test]
    fn a_block_with_retry_alone_is_told() {
        let alone = Block { retry: Some(500), ..Block::default() };
        assert_eq!(blocks("retry: 500\n\ndata: x\n\n"), [alone, message("x")]);
        assert!(blocks("retry: +5\n\n").is_empty());
    }

    #[test]
    fn an_id_belongs_to_its_own_block() {
        let read = blocks("id: 1\ndata: a\n\ndata: b\n\n");
        assert_eq!((read[0].id.as_deref(), read[1].id.as_deref()), (Some("1"), None));
    }

    #[test]
    fn comments_are_kept() {
        for comment in ["keepalive", "ok", "connected"] {
            let read = blocks(&format!(": {comment}\n\ndata: x\n\n"));
            assert_eq!(read[0].comments, [comment]);
            assert_eq!(read[1], message("x"));
        }
        assert_eq!(blocks(": within\ndata: x\n\n")[0].comments, ["within"]);
    }

    #[test]
    fn a_comment_is_told_before_the_event_after_it_comes() {
        struct OneThenBlock(bool);
        impl Read for OneThenBlock {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                assert!(
                    !std::mem::replace(&mut self.0, true),
                    "read on, although a block was there"
                );
                let text = b": keepalive\n\n";
                buf[..text.len()].copy_from_slice(text);
                Ok(text.len())
            }
        }
        let mut events = Events::new(BufReader::new(OneThenBlock(false)), 1 << 20);
        assert_eq!(events.next_block().unwrap().unwrap().comments, ["keepalive"]);
    }

    #[test]
    fn every_line_ending_ends_a_line() {
        for ending in ["\n", "\r", "\r\n"] {
            let text = "event: a~data: 1~data: 2~~data: 3~~".replace('~', ending);
            let read = blocks(&text);
            assert_eq!(read[0].data.as_deref(), Some("1\n2"), "{ending:?}");
            assert_eq!(read[1].data.as_deref(), Some("3"), "{ending:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_dropped_once() {
        assert_eq!(blocks("\u{feff}data: x\n\n"), [message("x")]);
        assert_eq!(blocks("data: \u{feff}x\n\n"), [message("\u{feff}x")]);
        let twice = blocks("\u{feff}\u{feff}data: a\ndata: x\n\n");
        assert_eq!(twice, [message("x")], "the second mark spoils its own line alone");
    }

    #[test]
    fn invalid_utf8_costs_its_own_characters_alone() {
        let read = blocks_in(b"data: a\xffb\n\ndata: c\n\n", 3);
        assert_eq!(read, [message("a\u{fffd}b"), message("c")]);
    }

    #[test]
    fn what_the_end_cuts_off_is_no_event() {
        let mut events = Events::new(&b"data: a\n\ndata: b\n"[..], 1 << 20);
        assert_eq!(events.next_block().unwrap(), Some(message("a")));
        assert_eq!(events.next_block().unwrap(), None);
        assert!(events.unfinished());
        let mut events = Events::new(&b"data: {\"cut"[..], 1 << 20);
        assert_eq!(events.next_block().unwrap(), None);
        assert!(events.unfinished());
        assert!(blocks("").is_empty());
    }

    #[test]
    fn a_large_line_is_a_line_like_any_other() {
        let large = "x".repeat(LARGE + 1);
        let text = format!("data: {large}\ndata: {large}\n\n: c\n\ndata: y\n\n");
        let mut events = Events::new(text.as_bytes(), 1 << 24);
        let first = events.next_block().unwrap().unwrap();
        assert!(first.data.unwrap() == format!("{large}\n{large}"));
        assert_eq!(events.next_block().unwrap().unwrap().comments, ["c"]);
        assert_eq!(events.next_block().unwrap(), Some(message("y")));
        assert_eq!(events.next_block().unwrap(), None);
    }

    #[test]
    fn an_endless_event_is_an_error() {
        let text = format!("data: {}\n\n", "x".repeat(100));
        let mut events = Events::new(text.as_bytes(), 64);
        assert_eq!(events.next_block().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        // The limit applies to one block, not to the whole stream.
        let many = "data: 0123456789\n\n".repeat(100);
        let mut events = Events::new(many.as_bytes(), 64);
        let mut count = 0;
        while events.next_block().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 100);
    }

    /// Reads blocks with the decoder alone.
    fn decoded(text: &[u8]) -> Vec<Block> {
        let mut events = Events::new(text, 1 << 20);
        let mut blocks = Vec::new();
        loop {
            events.is_between = false;
            let Some(block) = events.next_block().unwrap() else { return blocks };
            blocks.push(block);
        }
    }

    proptest::proptest! {
        #[test]
        fn plain_blocks_are_read_as_the_decoder_reads_them(
            parts in proptest::collection::vec(0_usize..15, 0..40),
            chunk in 1_usize..200,
        ) {
            const PIECES: [&[u8]; 15] = [
                b"data: {\"a\":1}\n\n", b"data: x\n\n", b"data:y\n\n", b"data: \n\n", b"data:  two\n\n",
                b"data: a\ndata: b\n\n", b"id: 1\ndata: z\n\n", b": c\n\n", b"\n", b"\r", b"data: q\r\n\r\n",
                b"event: e\ndata: v\n\n", b"data: \xff\n\n", b"data: cut\n", b"\xef\xbb\xbfdata: m\n\n",
            ];
            let text: Vec<u8> = parts.iter().flat_map(|at| PIECES[*at]).copied().collect();
            proptest::prop_assert_eq!(blocks_in(&text, chunk), decoded(&text));
        }
    }

    #[test]
    fn an_error_of_the_reader_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset"))
            }
        }
        let mut events = Events::new(BufReader::new(Broken), 1 << 20);
        assert_eq!(events.next_block().unwrap_err().to_string(), "reset");
    }
}
