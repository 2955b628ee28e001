internal import NIOCore
internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Gathers HTTP/1 requests of one connection, one at a time and in order, refuses what cannot be taken, and hands them
/// to the shard that owns their session.
///
/// Owner: the connection's event loop.
final class RequestHandler {
    private let connection: Connection
    /// Where the parts of the requests come from.
    weak var source: (any RequestSource)?
    private var current: Request?
    /// The shard that takes the current request, once its session is known to live elsewhere.
    private var remote: RemoteDelegate?
    /// A whole request for a session of another loop, until its source knows what stands behind it.
    private(set) var elsewhere: (request: Request, owner: UInt8)?
    /// The poll that has just been handed over, if its client may ask for it again in the same words.
    var poll: RepeatablePoll?
    /// How many requests have begun.
    private(set) var count = 0
    private var hasAnnouncedBody = false
    /// The last request has come with a body.
    private(set) var hasBody = false
    /// The body of the current request is still coming.
    private(set) var isReceiving = false
    /// Of the current request's body; nil while none is coming.
    var bodyBytes: Int? { isReceiving ? current?.body.count : nil }
    /// Nothing more is understood on this connection.
    var ignoresInput = false

    private var worker: Worker { connection.worker }
    /// From a request's head until it is answered.
    var isBusy: Bool { connection.isBusy }

    init(connection: Connection) { self.connection = connection }

    func received(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): began(head)
        case .body(let bytes): grew(bytes)
        case .end: if isReceiving { completed() }
        }
    }

    /// No more of the body has come with what was just read: its session must know that it is under way.
    func readCompleted() { if isReceiving, !hasAnnouncedBody { announceBody() } }

    // MARK: One request

    private func began(_ received: HTTPRequestHead) {
        let head = RequestCheck.withoutBlanksBehindValues(received)
        connection.isBusy = true
        isReceiving = true
        hasBody = false
        count += 1
        hasAnnouncedBody = false
        remote = nil
        let offersUpgrade = head.headers.contains(name: "upgrade")
        connection.facts = RequestFacts(
            minorVersion: UInt8(clamping: head.version.minor), isHead: head.method == .HEAD,
            // Behind any request that offers an upgrade the parser stops: there is no next one to be read.
            keepsAlive: head.isKeepAlive && !offersUpgrade, offersUpgrade: offersUpgrade,
            parserGoesOn: head.isKeepAlive)
        if offersUpgrade, worker.compression != nil {
            connection.facts.deflate = PerMessageDeflate(
                offers: head.headers["sec-websocket-extensions"].joined(separator: ", "))
        }
        guard let target = RequestCheck.target(of: head) else {
            return refuse(400, "The request's target or its Host is not valid.")
        }
        guard head.version.major == 1 else { return refuse(505, "HTTP/1.0 or HTTP/1.1, please.") }
        if let fault = RequestCheck.fault(ofBody: head) { return refuse(fault.status, fault.sentence) }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > worker.maxBody
        {
            return refuse(Self.tooLarge)
        }
        current = request(head, target)
        if head.headers.first(name: "expect")?.lowercased() == "100-continue", head.version.minor >= 1 {
            connection.sayContinue()
        }
        takeRelayMark()
        guard connection.relayedClient != nil || !connection.isForNodes else {
            return refuse(403, "This port is for the other nodes of the cluster.")
        }
        connection.expect(worker.settings.bodyTimeout)
    }

    private func request(_ head: HTTPRequestHead, _ target: RequestTarget) -> Request {
        var request = Request(
            method: head.method.rawValue, target: target.path, minorVersion: head.version.minor,
            headers: head.headers.map { (name: $0.name, value: $0.value) })
        let origination = worker.shared.proxies.origination(
            peer: connection.peer, isSecure: connection.isSecure, host: target.authority ?? request.host,
            headers: request.headers)
        request.remoteAddress = origination.remoteAddress
        request.isSecure = origination.isSecure
        request.host = origination.host
        return request
    }

    /// Whether another node has sent this request. The mark is no business of anybody's behind here.
    private func takeRelayMark() {
        connection.relayedClient = nil
        guard let request = current, request.header(RelayedRequest.field) != nil else { return }
        current?.drop(header: RelayedRequest.field)
        let secret = worker.relays?.directory.secret
        guard let client = RelayedRequest.client(of: request, secret: secret) else { return }
        connection.relayedClient = client.address
        current?.remoteAddress = client.address
        current?.isSecure = client.isSecure
    }

    private func grew(_ bytes: ByteBuffer) {
        hasBody = true
        guard isReceiving, let held = current?.body.count else { return }
        if held + bytes.readableBytes > worker.maxBody { return refuse(Self.tooLarge) }
        current?.body.append(contentsOf: bytes.readableBytesView)
    }

    private func announceBody() {
        guard let current else { return }
        hasAnnouncedBody = true
        if case .loop(let owner) = worker.shard.place(of: current) { goOver(to: owner) }
        hand(current) { shard, request, link, now in shard.bodyBegan(request, on: link, at: now) }
    }

    private func completed() {
        isReceiving = false
        connection.expect(nil)
        guard let request = current else { return }
        current = nil
        guard remote == nil else { return give(request) }
        switch worker.shard.place(of: request) {
        case .node(let node)
        where connection.relayedClient == nil && (request.method == "GET" || request.method == "POST"):
            relay(request, to: node)
        case .loop(let owner) where source?.isDecoding == true && !hasBody:
            elsewhere = (request, owner)
        case .loop(let owner):
            goOver(to: owner)
            give(request)
        default: receive(request)
        }
    }

    /// The request for another loop that waits for a word about what is behind it. Either it is moved with its
    /// connection, or handed over with ``give(_:to:)``.
    func takeElsewhere() -> (request: Request, owner: UInt8)? {
        defer { elsewhere = nil }
        return elsewhere
    }

    func give(_ request: Request, to owner: UInt8) {
        goOver(to: owner)
        give(request)
    }

    private func give(_ request: Request) {
        hand(request) { shard, request, link, now in shard.received(request, on: link, at: now) }
    }

    /// From here on the current request is another loop's.
    private func goOver(to owner: UInt8) {
        guard remote == nil, let peers = worker.peers, owner < peers.count else { return }
        remote = RemoteDelegate(connection, owner: owner, peers: peers)
    }

    /// On this loop.
    private func receive(_ request: Request) {
        worker.enter { now in worker.shard.received(request, on: connection, at: now) }
        poll = worker.shard.takeLastPoll()
    }

    /// To the node that owns the session; without a cluster, and when that node is gone, it is unknown here.
    private func relay(_ request: Request, to node: UInt16) {
        guard let relays = worker.relays else {
            worker.shared.foreignSession(of: node, at: worker.shard.node)
            return receive(request)
        }
        guard let secret = relays.directory.secret else { return receive(request) }
        Relay(request, secret: secret, from: connection, over: relays) { self.receive(request) }
            .begin(to: node)
    }

    /// To the shard of the loop that owns the request's session.
    private func hand(
        _ request: Request, _ step: @escaping @Sendable (Shard, Request, any Link, Instant) -> Void
    ) {
        if let remote {
            connection.delegate = remote
            remote.hand { shard, link, now in step(shard, request, link, now) }
        } else {
            worker.enter { now in step(worker.shard, request, connection, now) }
        }
    }

    // MARK: Refusals

    /// Any page may read it, or its script would see a broken network.
    private static let tooLarge = Response(413, headers: [("Access-Control-Allow-Origin", "*")])
        .noting("body too large", setting: "--max-payload")

    func refuse(_ status: Int, _ sentence: String) { refuse(.text(status, sentence + "\n")) }

    func refuse(_ response: Response) {
        let delegate = connection.delegate
        connection.facts.keepsAlive = false
        endInput()
        connection.respond(response)
        // A session that was told of a body must know that it will not come.
        if let delegate { worker.enter { now in delegate.linkRefusedBody(connection, at: now) } }
    }

    /// What still comes on this connection is thrown away.
    private func endInput() {
        isReceiving = false
        current = nil
        ignoresInput = true
    }

    /// The rest of a request will not come, and whoever had to has said so to the client.
    func abandon() {
        let delegate = connection.delegate
        connection.delegate = nil
        endInput()
        if let delegate { worker.enter { now in delegate.linkRefusedBody(connection, at: now) } }
    }

    // MARK: Called by the connection

    /// The answer has been written; the connection takes the next request.
    func answered() {
        remote = nil
        source?.answered()
    }

    /// The connection is a WebSocket from here on.
    func stepAside() {
        ignoresInput = true
        source?.stepAside()
    }
}

/// What feeds a ``RequestHandler``.
protocol RequestSource: AnyObject {
    /// The answer has been written; the next request's turn has come.
    func answered()
    /// From here on what comes in are the connection's own bytes.
    func stepAside()
    /// It will say what is behind the request that it is handing over: ``RequestHandler/takeElsewhere()``.
    var isDecoding: Bool { get }
}
