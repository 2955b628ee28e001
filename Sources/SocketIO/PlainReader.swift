internal import SocketIOCore

/// One reader without Socket.IO: a bare WebSocket, or an HTTP answer that grows.
///
/// Owner: the event loop of its shard.
final class PlainReader: Timed, LinkDelegate {
    private let shard: Shard
    var scheduled = Instant.distantFuture
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var reader: FeedReader
    private let frames: FrameCache
    private let route: PlainRoute
    private var link: (any Link)?
    /// When something must be said, lest a proxy take the silence for death.
    private var silenceEnds: Instant

    private init(
        _ route: PlainRoute, feed: any Feed, place: FeedPlace, on link: any Link, in shard: Shard,
        at now: Instant
    ) {
        self.shard = shard
        self.route = route
        self.link = link
        reader = FeedReader(place)
        silenceEnds = Instant(nanoseconds: now.nanoseconds &+ shard.limits.pingInterval)
        let isSocket = route.exchange == .webSocket
        let entry = route.entry
        frames = shard.frames(route.name, of: feed) { index in
            isSocket ? .message(entry(index)) : .chunk(entry(index))
        }
    }

    /// Answers a request for `route` and begins the reading.
    static func open(
        _ route: PlainRoute, _ request: Request, on link: any Link, in shard: Shard, at now: Instant
    ) {
        guard let feed = shard.server.plainFeed else {
            return link.respond(.json(404, #"{"error":"not found"}"#))
        }
        if let refusal = shard.server.refusal(of: request, isReadingOnly: true) {
            return link.respond(SocketHandshake.refused(refusal, request))
        }
        if route.exchange == .webSocket {
            openSocket(route, request, feed: feed, on: link, in: shard, at: now)
        } else {
            openStream(route, request, feed: feed, on: link, in: shard, at: now)
        }
    }

    private static func openSocket(
        _ route: PlainRoute, _ request: Request, feed: any Feed, on link: any Link, in shard: Shard,
        at now: Instant
    ) {
        guard let accept = SocketHandshake.accept(request, on: link) else { return }
        if shard.isDraining { return link.respond(.json(503, #"{"error":"the server is stopping"}"#)) }
        let (place, isValid) = feed.begin(after: request.parameter("from"), at: now)
        link.openSocket(accept: accept, headers: isValid ? [] : [cursorNotice])
        PlainReader(route, feed: feed, place: place, on: link, in: shard, at: now).begin(at: now)
    }

    private static func openStream(
        _ route: PlainRoute, _ request: Request, feed: any Feed, on link: any Link, in shard: Shard,
        at now: Instant
    ) {
        switch request.method {
        case "GET", "HEAD": break
        case "OPTIONS":
            var response = EngineAnswer.preflight(request)
            response.headers.append(("Allow", "GET, HEAD, OPTIONS"))
            return link.respond(response)
        default: return link.respond(.methodNotAllowed("GET, HEAD, OPTIONS"))
        }
        if shard.isDraining { return link.respond(.json(503, #"{"error":"the server is stopping"}"#)) }
        let (place, isValid) = feed.begin(
            after: request.header("Last-Event-ID") ?? request.parameter("from"), at: now)
        if route.endsWithNoContent, feed.step(place, at: now) == .end {
            return link.respond(EngineAnswer.empty(204))
        }
        var head = Response.stream(
            route.contentType,
            headers: [
                ("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no"),
            ] + EngineAnswer.publicCORS)
        if !isValid { head.headers.append(cursorNotice) }
        if request.method == "HEAD" { return link.respond(head) }
        link.openStream(head)
        let reader = PlainReader(route, feed: feed, place: place, on: link, in: shard, at: now)
        reader.writePiece(route.opening)
        if !isValid { reader.writePiece(route.notice) }
        reader.begin(at: now)
    }

    private static let cursorNotice = (
        name: "Dante-Cursor", value: "not valid, reading from the first stanza"
    )

    private func begin(at now: Instant) {
        link?.delegate = self
        shard.readers += 1
        // The first entry leaves with the head.
        pump(at: now)
        link?.flush()
        arm()
    }

    // MARK: Reading

    /// Writes what is due while the link takes it. Bounded, so that one who catches up keeps nobody waiting.
    private func pump(at now: Instant) {
        for _ in 0..<64 {
            guard let link else { return }
            switch reader.next(of: frames.feed, at: now) {
            case .entry(let index):
                guard link.isReady else { return }
                // Counted first: nothing that a write may set off finds it due again.
                reader.advance(in: frames.feed)
                shard.metrics.entries &+= 1
                link.write(frames[index])
                silenceEnds = Instant(nanoseconds: now.nanoseconds &+ shard.limits.pingInterval)
            case .later: return
            case .end: return end()
            }
        }
    }

    func deadlineReached(at now: Instant) {
        // A reader whose way is not free is skipped without cost; `linkReady` brings it back.
        guard let link, link.isReady else { return }
        if now >= reader.due {
            shard.metrics.lateness.record(now.nanoseconds &- reader.due.nanoseconds)
            pump(at: now)
        }
        if now >= silenceEnds {
            silenceEnds = Instant(nanoseconds: now.nanoseconds &+ shard.limits.pingInterval)
            if route.exchange == .webSocket { link.ping() } else { writePiece(route.silence) }
        }
        arm()
    }

    private func arm() {
        guard let link, link.isReady else { return }
        shard.arm(self, at: min(reader.due, silenceEnds))
    }

    private func writePiece(_ bytes: [UInt8]) {
        if !bytes.isEmpty { link?.write(Frame.chunk(bytes)) }
    }

    private func end() {
        guard let link else { return }
        if route.exchange == .webSocket {
            leave()
            link.closeSocket(code: 1000)
        } else {
            writePiece(route.closing)
            leave()
            link.endStream()
        }
    }

    private func leave() {
        guard let link else { return }
        link.delegate = nil
        self.link = nil
        shard.readers -= 1
    }

    // MARK: The link

    var plainTransport: String? { route.name }

    func linkReady(_ link: any Link, at now: Instant) {
        pump(at: now)
        arm()
    }

    // What a reader says is not asked for, and ignored as in the sample.
    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {}
    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {}
    func linkRefusedBody(_ link: any Link, at now: Instant) {}
    func linkClosed(_ link: any Link, at now: Instant) { leave() }

    func linkMustEnd(_ link: any Link, at now: Instant) {
        if route.exchange == .webSocket {
            leave()
            link.closeSocket(code: 1001)
        } else if let goodbye = route.goodbye {
            if link.isReady { writePiece(goodbye(shard.retryHint())) }
            leave()
            link.endStream()
        } else {
            // Without its last chunk the answer says that it is not whole (RFC 9112, 8).
            leave()
            link.abort()
        }
    }
}
