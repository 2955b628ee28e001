internal import NIOCore
internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Reads HTTP/1 requests of one connection, one at a time and in order, and hands them to the shard that owns
/// their session.
///
/// Pipelined requests wait here until the one before is answered (RFC 9112, 9.3.2), and reading stops while any
/// do, which bounds them by what one read brings.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let connection: Connection
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var waiting: [HTTPServerRequestPart] = []
    private var current: Request?
    /// The shard that takes the current request, once its session is known to live elsewhere.
    private var remote: RemoteDelegate?
    private var hasAnnouncedBody = false
    /// From a request's head until it is answered.
    private(set) var isBusy = false
    /// The body of the current request is still coming.
    private(set) var isReceiving = false
    /// Nothing more is understood on this connection.
    var ignoresInput = false
    private lazy var peer = connection.peer

    private var worker: Worker { connection.worker }

    init(connection: Connection, decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.connection = connection
        self.decoder = decoder
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        worker.add(connection)
        guard admits(context.channel) else { return connection.abort() }
        connection.expect(worker.settings.headTimeout)
    }

    private func admits(_ channel: any Channel) -> Bool {
        let limit = worker.shared.addressLimit
        guard !limit.isOff, let address = IPAddress(peer) else { return true }
        guard limit.admits(address) else {
            worker.shared.refusals.refused(
                "too many connections of one address", value: peer, setting: "--max-per-address",
                peer: peer)
            return false
        }
        channel.closeFuture.whenComplete { _ in limit.release(address) }
        return true
    }

    func channelInactive(context: ChannelHandlerContext) { connection.ended() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !ignoresInput else { return }
        let part = unwrapInboundIn(data)
        if isBusy, !isReceiving {
            if waiting.isEmpty { setReading(false) }
            waiting.append(part)
        } else {
            received(part)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A body that does not come with its head: its session must know that it is under way.
        if isReceiving, !hasAnnouncedBody { announceBody() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An end in the middle of a request is no request that could be refused, and in the middle of an answer
        // there is no room for another.
        guard let fault = error as? HTTPParserError, fault != .invalidEOFState, !ignoresInput,
            !isBusy || isReceiving
        else { return connection.failed(error) }
        if !isBusy { connection.facts = RequestFacts(keepsAlive: false) }
        let isTooLarge = fault == .headerOverflow
        refuse(
            isTooLarge ? 431 : 400,
            isTooLarge ? "The head of the request is too large." : "Not an HTTP request.")
    }

    // MARK: One request

    private func received(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head): began(head)
        case .body(let bytes): grew(bytes)
        case .end: if isReceiving { completed() }
        }
    }

    private func began(_ head: HTTPRequestHead) {
        isBusy = true
        isReceiving = true
        hasAnnouncedBody = false
        remote = nil
        let offersUpgrade = head.headers.contains(name: "upgrade")
        connection.facts = RequestFacts(
            minorVersion: head.version.minor, isHead: head.method == .HEAD,
            // Behind any request that offers an upgrade the parser stops: there is no next one to be read.
            keepsAlive: head.isKeepAlive && !offersUpgrade)
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
        connection.expect(worker.settings.bodyTimeout)
    }

    private func request(_ head: HTTPRequestHead, _ target: RequestTarget) -> Request {
        var request = Request(
            method: head.method.rawValue, target: target.path, minorVersion: head.version.minor,
            headers: head.headers.map { (name: $0.name, value: $0.value) })
        let origination = worker.shared.proxies.origination(
            peer: peer, isSecure: worker.shared.tls != nil, host: target.authority ?? request.host,
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
        guard isReceiving, let held = current?.body.count else { return }
        if held + bytes.readableBytes > worker.maxBody { return refuse(Self.tooLarge) }
        current?.body.append(contentsOf: bytes.readableBytesView)
    }

    private func announceBody() {
        guard let current else { return }
        hasAnnouncedBody = true
        hand(current) { shard, request, link, now in shard.bodyBegan(request, on: link, at: now) }
    }

    private func completed() {
        isReceiving = false
        connection.expect(nil)
        guard let request = current else { return }
        current = nil
        if case .node(let node) = worker.shard.place(of: request), connection.relayedClient == nil,
            request.method == "GET" || request.method == "POST"
        {
            return relay(request, to: node)
        }
        receive(request)
    }

    private func receive(_ request: Request) {
        hand(request) { shard, request, link, now in shard.received(request, on: link, at: now) }
    }

    /// To the node that owns the session; without a cluster, and when that node is gone, it is unknown here.
    private func relay(_ request: Request, to node: UInt16) {
        guard let relays = worker.relays else {
            worker.foreignSession(of: node)
            return receive(request)
        }
        guard let secret = relays.directory.secret else { return receive(request) }
        Relay(request, secret: secret, from: connection, over: relays) { self.receive(request) }
            .begin(to: node)
    }

    /// To the shard of the loop that owns the request's session, which is mostly this one.
    private func hand(
        _ request: Request, _ step: @escaping @Sendable (Shard, Request, any Link, Instant) -> Void
    ) {
        if remote == nil, let peers = worker.peers, case .loop(let owner) = worker.shard.place(of: request),
            owner < peers.count
        {
            remote = RemoteDelegate(connection, owner: owner, peers: peers)
        }
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

    private func refuse(_ status: Int, _ sentence: String) { refuse(.text(status, sentence + "\n")) }

    private func refuse(_ response: Response) {
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

    // MARK: Called by the connection

    /// The answer has been written; the connection takes the next request.
    func answered() {
        isBusy = false
        remote = nil
        connection.expectRequest()
        guard !waiting.isEmpty else { return }
        // Not from in here: the answer may have been written in the middle of something.
        worker.loop.assumeIsolated().execute { self.takeWaiting() }
    }

    private func takeWaiting() {
        while !waiting.isEmpty, !ignoresInput, !isBusy || isReceiving { received(waiting.removeFirst()) }
        if waiting.isEmpty { setReading(true) }
    }

    /// Leaves the pipeline to `connection`, which reads WebSocket frames from now on. All in one turn of the loop:
    /// a handler that gets a type it does not expect ends the process.
    func stepAside(for connection: Connection) {
        guard let context else { return }
        // Reading may have stopped for this request's sake, while it waited for its turn.
        setReading(true)
        ignoresInput = true
        do {
            try context.pipeline.syncOperations.addHandler(connection, position: .after(self))
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            let removal = context.pipeline.syncOperations.removeHandler(decoder)
            removal.whenFailure { [channel = context.channel] _ in channel.close(promise: nil) }
        } catch {
            context.close(promise: nil)
        }
    }

    private func setReading(_ isOn: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
