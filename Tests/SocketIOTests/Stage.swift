import SocketIO
import SocketIOCore

/// A few lines, read one each `interval`, with their numbers as cursors.
struct ListFeed: Feed {
    var lines = ["one", "two", "three"]
    var interval: Duration = .seconds(1)
    var stays = false

    var count: Int { lines.count }

    func begin(after cursor: String?, at now: Instant) -> (place: FeedPlace, isCursorValid: Bool) {
        let number = cursor.flatMap { Int64($0) }.flatMap { (0...Int64(count)).contains($0) ? $0 : nil }
        return (FeedPlace(position: number ?? 0, start: now), cursor == nil || number != nil)
    }

    func step(_ place: FeedPlace, at now: Instant) -> FeedStep {
        if place.position >= count { return stays ? .idle : .end }
        return now >= place.start ? .entry(Int(place.position)) : .wait(until: place.start)
    }

    func advanced(_ place: FeedPlace) -> FeedPlace {
        FeedPlace(position: place.position + 1, start: place.start + interval)
    }

    func event(at index: Int) -> FeedEvent {
        FeedEvent(name: "line", text: lines[index], cursor: "\(index + 1)")
    }

    func cursor(at place: FeedPlace) -> String { "\(place.position)" }
}

/// A shard with a clock that the test turns, and the requests of its clients.
final class Stage {
    private(set) var shard: Shard
    let server: Server
    /// What tasks bring to the shard; see ``turn()``.
    let loop = TestLoop()
    /// What handlers have thrown.
    let failures = Notes<HandlerFailure>()
    private(set) var now = Instant(nanoseconds: 1_000_000_000)

    init(feed: ListFeed = ListFeed(), seed: UInt64 = 0, _ change: (inout Server) -> Void = { _ in }) {
        var server = Server()
        server.add(Namespace("/", feed: feed))
        server.add(Namespace("/chat"))
        server.serve(
            feed,
            over: [
                PlainRoute(name: "ws", exchange: .webSocket) { Array(feed.lines[$0].utf8) },
                PlainRoute(
                    name: "sse", exchange: .stream, contentType: "text/event-stream",
                    opening: Array("open ".utf8), closing: Array("close ".utf8),
                    silence: Array("still ".utf8),
                    notice: Array("notice ".utf8), goodbye: { Array("retry \($0)".utf8) },
                    endsWithNoContent: true
                ) { Array("[\(feed.lines[$0])] ".utf8) },
                PlainRoute(name: "text", exchange: .stream, contentType: "text/plain") {
                    Array(feed.lines[$0].utf8)
                },
            ])
        server.script = { name, _ in name == "socket.io.js" ? .text(200, "script") : nil }
        server.page = { name, _ in
            switch name {
            case "": .response(.text(200, "page"))
            case "status": .counted { .text(200, "readers \($0.readers)") }
            default: .nothing
            }
        }
        change(&server)
        self.server = server
        var draws = seed
        shard = Shard(
            server: server, index: 3, startingAt: now,
            random: {
                draws += 1
                return draws
            }, onLoop: loop.entry)
        let start = now
        server.registry.hub.open(
            loops: [loop.entry], now: { [clock] in clock.now ?? start },
            report: { [failures] in failures.write($0) })
    }

    private let clock = TestClock()

    // MARK: Time

    /// Turns the clock, and does on the way what is due.
    func pass(_ span: Duration) {
        let end = now + span
        defer { clock.now = now }
        while let wake = shard.nextWake, wake <= end {
            now = max(now, wake)
            while shard.advance(to: now, atMost: 1) {}
        }
        now = end
        while shard.advance(to: now, atMost: 1) {}
    }

    /// Runs the next things that tasks want of the shard, and waits for them where there are none yet.
    func turn(_ count: Int = 1) async {
        for _ in 0..<count { await loop.next()?(shard, now) }
    }

    // MARK: Requests

    @discardableResult
    func ask(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: String = "",
        minorVersion: Int = 1
    ) -> RecordingLink {
        let link = RecordingLink()
        let request = Request(
            method: method, target: target, minorVersion: minorVersion, headers: headers,
            body: Array(body.utf8))
        shard.received(request, on: link, at: now)
        return link
    }

    /// A WebSocket handshake that is in order, but for the `changes`.
    @discardableResult
    func askSocket(
        _ target: String, method: String = "GET", minorVersion: Int = 1, changes: [String: String?] = [:]
    ) -> RecordingLink {
        var headers: [String: String] = [
            "Host": "localhost", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        for (name, value) in changes { headers[name] = value }
        return ask(
            method, target, headers: headers.map { (name: $0.key, value: $0.value) },
            minorVersion: minorVersion)
    }

    static let polling = "/socket.io/?EIO=4&transport=polling"
    static let socket = "/socket.io/?EIO=4&transport=websocket"

    /// A polling handshake.
    func handshake(_ more: String = "") -> Guest {
        let link = ask("GET", Self.polling + more)
        return Guest(stage: self, opening: link.body)
    }
}

/// A polling client that has made its handshake.
struct Guest {
    let stage: Stage
    let opening: String

    var sid: String { String(opening.drop { $0 != ":" }.dropFirst(2).prefix(20)) }
    var address: String { Stage.polling + "&sid=" + sid }

    @discardableResult func poll() -> RecordingLink { stage.ask("GET", address) }
    @discardableResult func post(_ body: String) -> RecordingLink { stage.ask("POST", address, body: body) }

    func upgrade() -> RecordingLink { stage.askSocket(Stage.socket + "&sid=" + sid) }
}
