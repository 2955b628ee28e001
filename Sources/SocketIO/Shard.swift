package import SocketIOCore

/// Everything one event loop owns: its sessions, its readers and its timer wheel. No I/O and no clock: requests
/// come with the link to answer on and the time, so a simulation drives it as the edge does.
///
/// On the way of a stanza stands no check that an access to a property overlaps no other (`@exclusivity(unchecked)`, here
/// and in the classes that readers are made of): it would be a fifth of what a stanza costs above the edge. Debug builds,
/// which all tests are run with, do check.
///
/// Owner: one event loop, or one simulation. Not to be touched from anywhere else.
package final class Shard {
    let server: Server
    let limits: SessionLimits
    let limitsV09: LimitsV09
    private let router: Router
    package let node: UInt16
    private let index: UInt8
    private let random: () -> UInt64
    /// Runs something on this shard's loop, with this shard and the time: the way in for an application's tasks.
    let onLoop: OnLoop
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var wheel: Wheel
    private var clients = ClientTable()
    package private(set) var isDraining = false
    /// Over which the goodbyes of a stop are spread.
    private var drainWindow = Duration.zero
    /// Readers of the plain routes and of the namespaces' feeds.
    package var readers = 0
    private var caches: [String: FrameCache] = [:]
    /// The poll that the last request was.
    var lastPoll: RepeatablePoll?
    /// Namespaces with somebody in them.
    private var locals: [String: LocalNamespace] = [:]

    package typealias OnLoop = @Sendable (@escaping @Sendable (Shard, Instant) -> Void) -> Void

    /// - Parameter onLoop: without one, an application's handlers are heard by nobody.
    package init(
        server: Server, index: UInt8, startingAt now: Instant,
        random: @escaping () -> UInt64,
        onLoop: @escaping OnLoop = { _ in }
    ) {
        self.server = server
        node = server.settings.node
        self.index = index
        self.random = random
        self.onLoop = onLoop
        limits = server.settings.limits
        limitsV09 = server.settings.limitsV09
        router = Router(server: server)
        wheel = Wheel(width: server.settings.wheelSlot, startingAt: now)
        server.registry.open(with: server.settings)
    }

    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    package var metrics = Metrics()

    package var sessionCount: Int { clients.count }

    var openClients: some Sequence<any Client> { clients.all }

    /// Where the session lives that a request names.
    package enum Place: Equatable, Sendable {
        /// Here, if anywhere; also when it names none.
        case here
        case loop(UInt8)
        /// On another node, or on one that is no more.
        case node(UInt16)
    }

    package func place(of request: Request) -> Place {
        var sid = request.parameter("sid")
        switch router.route(request) {
        case .resource(let rest): sid = sid ?? TargetV09(rest: rest)?.sid
        case .engine: break
        case .plain, .raw, .page, .outside: return .here
        }
        guard let place = sid.flatMap({ SessionID.place(of: $0) }) else { return .here }
        if place.node != node { return .node(place.node) }
        return place.loop == index ? .here : .loop(place.loop)
    }

    /// Whether what is asked for is a stream of 0.9: an answer whose length nobody knows.
    package func answersWithStream(_ request: Request) -> Bool {
        guard case .resource(let rest) = router.route(request),
            case .transport(.htmlFile?, _)? = TargetV09(rest: rest)
        else { return false }
        return request.method == "GET"
    }

    /// Whether a request is for this server, and not for its ``Server/page``.
    package func serves(_ request: Request) -> Bool {
        switch router.route(request) {
        case .resource, .engine, .plain, .raw: true
        case .page, .outside: false
        }
    }

    // MARK: Requests

    /// The head of a request with a body is here; the body is not. Tells the session, which may refuse.
    package func bodyBegan(_ request: Request, on link: any Link, at now: Instant) {
        guard request.method == "POST", request.parameter("transport") == "polling",
            let sid = request.parameter("sid")
        else { return }
        switch router.route(request) {
        case .resource, .engine: break
        case .plain, .raw, .page, .outside: return
        }
        (client(sid) as? EngineClient)?.postBegan(request, on: link, at: now)
    }

    /// A whole request. It is answered on `link`, now or later.
    package func received(_ request: Request, on link: any Link, at now: Instant) {
        switch router.route(request) {
        case .outside(let basePath):
            let path = JSON.quoted(basePath)
            link.respond(
                .json(404, #"{"error":"not found","basePath":\#(String(decoding: path, as: UTF8.self))}"#)
                    .noting("outside the base path", value: String(request.path), setting: "--base-path"))
        case .resource(let rest):
            resource(request, rest: rest, on: link, at: now)
        case .engine(let endpoint):
            engine(request, endpoint, on: link, at: now)
        case .plain(let route):
            PlainReader.open(route, request, on: link, in: self, at: now)
        case .raw(let endpoint):
            endpoint.open(request, on: link, in: self, at: now)
        case .page(let lastSegment):
            page(lastSegment, request, on: link)
        }
    }

    /// The poll that the request received just now was; nil when it was none.
    package func takeLastPoll() -> RepeatablePoll? {
        defer { lastPoll = nil }
        return lastPoll
    }

    /// What is below the resource: a client script, 0.9, or Engine.IO; 0.9 is told by its path and so comes first.
    private func resource(_ request: Request, rest: Substring, on link: any Link, at now: Instant) {
        if request.method == "GET" || request.method == "HEAD", !rest.isEmpty,
            let script = server.script(PathTail.lastSegment(rest), request)
        {
            return link.respond(script)
        }
        if let target = TargetV09(rest: rest) { return v09(request, target, on: link, at: now) }
        engine(request, nil, on: link, at: now)
    }

    private func page(_ lastSegment: String, _ request: Request, on link: any Link) {
        let isReading = request.method == "GET" || request.method == "HEAD"
        let answer = server.page(lastSegment, request)
        if case .nothing = answer {
            let redirect =
                isReading && router.mayRedirect(request)
                ? Router.redirect(for: request, lastSegment: lastSegment) : nil
            return link.respond(redirect ?? .json(404, #"{"error":"not found"}"#))
        }
        if case .always(let response) = answer { return link.respond(response) }
        if request.method == "OPTIONS" {
            return link.respond(Response(204, headers: [("Allow", "GET, HEAD, OPTIONS")]))
        }
        guard isReading else { return link.respond(.methodNotAllowed("GET, HEAD, OPTIONS")) }
        if case .response(let response) = answer { link.respond(response) }
        if case .counted(let make) = answer { link.respond(counted: make) }
    }

    // MARK: For clients and readers

    func newID() -> SessionID { SessionID(node: node, loop: index, random: random) }

    func client(_ sid: String) -> (any Client)? { SessionID(sid).flatMap { clients[$0] } }

    func keep(_ client: some Client) { clients.insert(client) }

    func forget(_ client: some Client) { clients.remove(client.id) }

    /// Why there can be no new session; nil when there can.
    func refusalOfSession() -> Response? {
        if isDraining { return .json(503, #"{"error":"the server is stopping"}"#).noting("stopping") }
        guard clients.count >= server.settings.maxSessions else { return nil }
        return .json(503, #"{"error":"too many sessions"}"#)
            .noting("too many sessions", setting: "--max-sessions")
    }

    /// This loop's part of a namespace.
    func local(_ namespace: Namespace) -> LocalNamespace {
        if let known = locals[namespace.name] { return known }
        let local = LocalNamespace(namespace)
        locals[namespace.name] = local
        return local
    }

    func local(named name: String) -> LocalNamespace? { locals[name] }

    func closeIfEmpty(_ local: LocalNamespace) { if local.isEmpty { locals[local.name] = nil } }

    func frames(_ name: String, of feed: any Feed, make: @escaping (Int) -> Frame) -> FrameCache {
        if let cache = caches[name] { return cache }
        let cache = FrameCache(feed, make: make)
        caches[name] = cache
        return cache
    }

    /// Puts `timed` on the wheel if it is not there early enough already. A deadline that has moved back costs
    /// one look when the old one comes.
    package func arm(_ timed: any Timed, at deadline: Instant) {
        if deadline < timed.scheduled { wheel.arm(timed, at: deadline) }
    }

    // MARK: Time

    /// When ``advance(to:)`` has something to do.
    package var nextWake: Instant? { wheel.nextWake }

    /// Fires what is due. Returns after a bounded batch, so that a burst does not keep sockets waiting: true when
    /// there is more.
    package func advance(to now: Instant, atMost batch: Int = .max) -> Bool {
        var left = batch
        while left > 0 {
            guard let timed = wheel.popDue(at: now) else { return false }
            timed.deadlineReached(at: now)
            left -= 1
        }
        return true
    }

    /// No more sessions; those there are go on until the edge ends their links, each at its moment of the window.
    /// Who has no link that could be ended, a polling client between two polls, gets its goodbye with its next poll.
    package func beginDraining(over window: Duration, at now: Instant) {
        isDraining = true
        drainWindow = window
        for client in clients.all where !client.hasWay { client.close(.serverShuttingDown, at: now) }
    }

    /// A moment of the window that begins now, for one goodbye.
    package func goodbye(at now: Instant) -> Instant {
        let span = UInt64(max(1, drainWindow.wholeNanoseconds))
        return Instant(nanoseconds: now.nanoseconds &+ Int64(random() % span))
    }

    /// When a reader should come back, in milliseconds: not all of them at once, and not before another server is
    /// likely to have been found for them.
    func retryHint() -> Int { 500 + Int(random() % UInt64(max(1, drainWindow.wholeMilliseconds))) }

    /// The window is over: whoever is still there ends now, in its protocol's way.
    package func drain(at now: Instant) {
        isDraining = true
        for client in clients.all { client.close(.serverShuttingDown, at: now) }
    }
}
