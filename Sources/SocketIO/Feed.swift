public import SocketIOCore

/// One reader's place in a feed: two numbers, which the feed alone understands. This is all that a reader who
/// waits costs.
public struct FeedPlace: Equatable, Sendable {
    /// Where it is: which entry, as the feed counts.
    public var position: Int64
    /// The moment its times count from.
    public var start: Instant

    /// A place of those two numbers.
    public init(position: Int64, start: Instant) {
        self.position = position
        self.start = start
    }
}

/// What a reader at some place gets at some moment.
public enum FeedStep: Equatable, Sendable {
    /// This entry is due now.
    case entry(Int)
    /// Nothing before that moment.
    case wait(until: Instant)
    /// The reading is over: the connection ends.
    case end
    /// The reading is over, the connection stays.
    case idle
}

/// One entry of a feed as a Socket.IO event.
public struct FeedEvent: Sendable {
    /// The name of the event.
    public let name: String
    /// Its one argument.
    public let text: String
    /// What a reader sends to go on behind this entry: Socket.IO's recovery offset.
    public let cursor: String

    /// An event with that one argument.
    public init(name: String, text: String, cursor: String) {
        self.name = name
        self.text = text
        self.cursor = cursor
    }
}

/// A log that many read, each at a place of its own: the library asks what is due, and never keeps a queue.
///
/// A reader gets its next entry when the one before has gone out and the next is due; who does not read is
/// skipped, and goes on at its place. Entries never change, so each is encoded once per dialect.
public protocol Feed: Sendable {
    /// How many entries there are; they are numbered from 0.
    var count: Int { get }
    /// The place of a new reader, and whether `cursor` was understood; true for none.
    func begin(after cursor: String?, at now: Instant) -> (place: FeedPlace, isCursorValid: Bool)
    /// What the reader at that place is due at that moment.
    func step(_ place: FeedPlace, at now: Instant) -> FeedStep
    /// The place behind the entry that has just gone out.
    func advanced(_ place: FeedPlace) -> FeedPlace
    /// The entry of that number, as Socket.IO's clients get it.
    func event(at index: Int) -> FeedEvent
    /// What a reader at this place would send to go on from it.
    func cursor(at place: FeedPlace) -> String
}

/// How a feed is read without Socket.IO: over a bare WebSocket, or as an HTTP answer that grows.
///
/// A class, so that a reader holds eight bytes of it.
public final class PlainRoute: Sendable {
    /// The way out: frames of a WebSocket, or one HTTP answer that grows.
    public enum Exchange: Sendable {
        /// One text frame an entry.
        case webSocket
        /// One HTTP answer that grows by an entry at a time.
        case stream
    }

    /// The last segment of the path, and the name of the transport: `sse`.
    public let name: String
    /// Which of the two ways out it takes.
    public let exchange: Exchange
    /// The `Content-Type` of a stream; nothing to a WebSocket.
    public let contentType: String
    /// What comes before the first entry and behind the last one of a stream.
    public let opening: [UInt8]
    /// What comes behind the last entry of a stream.
    public let closing: [UInt8]
    /// What keeps proxies from cutting a stream that has nothing to say.
    public let silence: [UInt8]
    /// Says in the stream that a cursor was not understood.
    public let notice: [UInt8]
    /// What is said at the end of a stream that stops before its feed, where its format has a word for when to come
    /// back. Without it such a stream ends without its last chunk, so that nobody takes it for the whole.
    public let goodbye: (@Sendable (_ retryMilliseconds: Int) -> [UInt8])?
    /// A reader that comes back behind the last entry gets 204, which tells an `EventSource` to stop coming.
    public let endsWithNoContent: Bool
    /// The bytes of the entry of that number.
    public let entry: @Sendable (_ index: Int) -> [UInt8]

    /// A way to read a feed; what is left out is empty.
    public init(
        name: String, exchange: Exchange, contentType: String = "", opening: [UInt8] = [],
        closing: [UInt8] = [],
        silence: [UInt8] = [], notice: [UInt8] = [],
        goodbye: (@Sendable (_ retryMilliseconds: Int) -> [UInt8])? = nil, endsWithNoContent: Bool = false,
        entry: @escaping @Sendable (_ index: Int) -> [UInt8]
    ) {
        self.name = name
        self.exchange = exchange
        self.contentType = contentType
        self.opening = opening
        self.closing = closing
        self.silence = silence
        self.notice = notice
        self.goodbye = goodbye
        self.endsWithNoContent = endsWithNoContent
        self.entry = entry
    }
}

/// A reader's place in its feed, and when to look again.
struct FeedReader {
    enum Next {
        case entry(Int)
        case later, end
    }

    /// Never due.
    static let ofNothing = FeedReader(FeedPlace(position: 0, start: .distantFuture))

    private var place: FeedPlace
    /// When ``next(at:)`` has something to say; in the distant future when nothing more comes.
    private(set) var due: Instant

    init(_ place: FeedPlace) {
        self.place = place
        due = place.start
    }

    /// What is due now. An entry stays due until ``advance(in:)``.
    mutating func next(of feed: any Feed, at now: Instant) -> Next {
        switch feed.step(place, at: now) {
        case .entry(let index):
            due = now
            return .entry(index)
        case .wait(let moment):
            due = moment
            return .later
        case .idle:
            due = .distantFuture
            return .later
        case .end:
            due = .distantFuture
            return .end
        }
    }

    func cursor(in feed: any Feed) -> String { feed.cursor(at: place) }

    /// The entry has gone out.
    mutating func advance(in feed: any Feed) { place = feed.advanced(place) }
}

/// The frames of one feed in one form, each made at its first use.
///
/// Owner: one event loop, so that neither a lock nor an atomic stands between a reader and its stanza.
final class FrameCache {
    let feed: any Feed
    private var frames: [Frame?]
    private let make: (Int) -> Frame

    init(_ feed: any Feed, make: @escaping (Int) -> Frame) {
        self.feed = feed
        frames = Array(repeating: nil, count: feed.count)
        self.make = make
    }

    subscript(index: Int) -> Frame {
        if let frame = frames[index] { return frame }
        let frame = make(index)
        frames[index] = frame
        return frame
    }
}
