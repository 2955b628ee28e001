import SocketIO
import SocketIOCore

/// One reader of an endless feed, and everything above the edge that serves it.
final class Readers {
    static let limits = SessionLimits(
        pingInterval: 20_000_000_000, pingTimeout: 20_000_000_000, upgradeTimeout: 10_000_000_000,
        connectTimeout: 45_000_000_000, closeTimeout: 60_000_000_000, maxBuffered: 1 << 20, maxPackets: 100)

    /// A stanza a second, for ever the same.
    private struct Endless: Feed {
        let count = 1
        func begin(after cursor: String?, at now: Instant) -> (place: FeedPlace, isCursorValid: Bool) {
            (FeedPlace(position: 0, start: now), true)
        }
        func step(_ place: FeedPlace, at now: Instant) -> FeedStep {
            now >= place.start ? .entry(0) : .wait(until: place.start)
        }
        func advanced(_ place: FeedPlace) -> FeedPlace {
            FeedPlace(position: place.position + 1, start: place.start + .seconds(1))
        }
        func event(at index: Int) -> FeedEvent {
            FeedEvent(name: "divinecomedy", text: "Midway", cursor: "1")
        }
        func cursor(at place: FeedPlace) -> String { "1" }
    }

    /// Takes everything at once.
    private final class Sink: Link {
        var delegate: (any LinkDelegate)?
        var isReady: Bool { true }
        private(set) var body: [UInt8] = []
        func respond(_ response: Response) {
            body = response.body
            delegate = nil
        }
        func respond(counted make: @escaping @Sendable (Totals) -> Response) {}
        func openStream(_ head: Response) {}
        func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {}
        func write(_ frame: Frame) {}
        func write(_ packet: Outgoing) {}
        func ping() {}
        func flush() {}
        func endStream() {}
        func closeSocket(code: UInt16?) {}
        func abort() {}
    }

    private let shard: Shard
    private let link = Sink()
    private var now = Instant(nanoseconds: 1_000_000_000)
    private let target: String
    private let request: Request

    init(target: String) {
        self.target = target
        var server = Server()
        server.add(Namespace("/", feed: Endless()))
        server.serve(
            Endless(), over: [PlainRoute(name: "ws", exchange: .webSocket) { _ in Array("Midway".utf8) }])
        // Nobody here answers pings.
        server.settings.pingInterval = .seconds(86_400)
        var draws: UInt64 = 0
        shard = Shard(
            server: server, index: 0, startingAt: now,
            random: {
                draws += 1
                return draws
            })
        let headers = [
            ("Host", "localhost"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
        ]
        let isPolling = target.hasSuffix("polling")
        request = Request(method: "GET", target: target, headers: isPolling ? [] : headers)
        shard.received(request, on: link, at: now)
    }

    /// Another comes over a WebSocket, hears its first stanza, and goes.
    func visit() -> (Int) -> Void {
        let connect = Array("40".utf8)
        return { [self] _ in
            let link = Sink()
            shard.received(request, on: link, at: now)
            link.delegate?.link(link, receivedText: connect[...], at: now)
            link.delegate?.linkClosed(link, at: now)
            // Behind its place on the wheel.
            now = now + .seconds(3)
            while shard.advance(to: now) {}
        }
    }

    /// Over a WebSocket: a second goes by.
    func stanza() -> (Int) -> Void {
        link.delegate?.link(link, receivedText: Array("40".utf8)[...], at: now)
        return { [self] _ in
            now = now + .seconds(1)
            _ = shard.advance(to: now + .milliseconds(10))
        }
    }

    /// A poll, and a second later its answer.
    func polledStanza() -> (Int) -> Void {
        let sid = String(decoding: link.body.dropFirst(9).prefix(20), as: UTF8.self)
        let address = target + "&sid=" + sid
        shard.received(Request(method: "POST", target: address, body: Array("40".utf8)), on: link, at: now)
        shard.received(Request(method: "GET", target: address), on: link, at: now)
        guard let poll = shard.takeLastPoll() else { return { _ in } }
        return { [self] turn in
            _ = poll.again(tag: "", on: link, at: now)
            now = now + .seconds(1)
            _ = shard.advance(to: now + .milliseconds(10))
        }
    }
}
