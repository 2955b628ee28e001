internal import NIOCore
internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Stands behind the HTTP codec of a host's pipeline: takes the requests that are ours, and answers them in parts, so
/// that whatever the host has between here and the codec goes on knowing where requests and answers end.
///
/// A request of one waits until that before of the other is answered (RFC 9112, 9.3.2), and reading stops while any
/// does. The connection counts as ours from the head of a request to the end of its answer, and as a WebSocket.
///
/// Owner: the channel's event loop.
final class MountHandler: ChannelDuplexHandler, RemovableChannelHandler, RequestSource {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let channel: any Channel
    private let bytes: MountedBytes
    private let worker: Worker
    private let isSecure: Bool
    private var context: ChannelHandlerContext?
    /// From the first request of ours on.
    private var connection: Connection?
    var requests: RequestHandler?
    private var waiting: [HTTPServerRequestPart] = []
    /// The parts that are coming now belong to a request of ours.
    private var isOurs = false
    private var offersUpgrade = false
    /// Requests that the host has got and not yet answered.
    private var owedByHost = 0
    private var isReadPending = false
    private var hasInputEnded = false
    private var isCounted = false
    /// The host speaks something else by now, or ends the connection: nothing here is ours any more.
    private var isHostsAlone = false

    init(_ channel: any Channel, bytes: MountedBytes, worker: Worker, isSecure: Bool) {
        self.channel = channel
        self.bytes = bytes
        self.worker = worker
        self.isSecure = isSecure
        bytes.handler = self
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        ended()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if bytes.isTaken { return }
        if isHostsAlone { return context.fireChannelRead(data) }
        let part = unwrapInboundIn(data)
        if !waiting.isEmpty || !takes(part, context) { waiting.append(part) }
    }

    /// False when the part has to wait.
    private func takes(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
        if requests?.ignoresInput == true { return true }
        if case .head(let head) = part {
            if requests?.isBusy == true { return false }
            isOurs = belongsHere(head)
            if isOurs {
                if owedByHost > 0 { return false }
                began(head)
            } else {
                owedByHost += 1
            }
        }
        guard isOurs, let requests else {
            context.fireChannelRead(wrapInboundOut(part))
            return true
        }
        if case .end = part, offersUpgrade {
            guard bytes.endsWithHead else {
                requests.refuse(400, "A client waits for the answer to its handshake.")
                return true
            }
            bytes.hold()
        }
        requests.received(part)
        return true
    }

    var isDecoding: Bool { false }

    private func belongsHere(_ head: HTTPRequestHead) -> Bool {
        guard let target = RequestCheck.target(of: head) else { return false }
        return worker.shard.serves(
            Request(
                method: head.method.rawValue, target: target.path, minorVersion: head.version.minor,
                headers: head.headers.map { (name: $0.name, value: $0.value) }))
    }

    private func began(_ head: HTTPRequestHead) {
        offersUpgrade = head.headers.contains(name: "upgrade")
        if connection == nil {
            let connection = Connection(channel, worker: worker, mount: self, isSecure: isSecure)
            let requests = RequestHandler(connection: connection)
            requests.source = self
            self.requests = requests
            self.connection = connection
        }
        guard !isCounted, let connection else { return }
        isCounted = true
        worker.add(connection)
        worker.shared.counters.opened()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        requests?.readCompleted()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { isReadPending = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if bytes.isTaken { return }
        guard let requests, let connection, requests.isBusy, !requests.ignoresInput else {
            return context.fireErrorCaught(error)
        }
        // In the middle of an answer there is no room for another.
        guard requests.isReceiving else { return connection.failed(error) }
        // Whoever is the host's for that refuses it, and ends the connection.
        isHostsAlone = true
        requests.abandon()
        connection.expect(worker.settings.goodbyeTimeout)
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is HTTPServerUpgradeEvents: isHostsAlone = true
        // Behind the requests that came before it.
        case ChannelEvent.inputClosed where !waiting.isEmpty:
            hasInputEnded = true
            return
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Turns

    /// Called by the requests.
    func answered() {
        discount()
        takeTurnLater()
    }

    private func takeTurnLater() {
        guard !waiting.isEmpty else { return }
        // Not from in here: the answer may have been written in the middle of something.
        worker.loop.assumeIsolated().execute { self.takeWaiting() }
    }

    private func takeWaiting() {
        guard let context, !waiting.isEmpty else { return }
        while let part = waiting.first, takes(part, context) { waiting.removeFirst() }
        channelReadComplete(context: context)
        guard waiting.isEmpty else { return }
        if hasInputEnded {
            hasInputEnded = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        guard isReadPending else { return }
        isReadPending = false
        context.read()
    }

    /// Called by the requests: the connection is a WebSocket.
    func stepAside() {
        guard let connection else { return }
        bytes.take(for: connection)
    }

    private func discount() {
        guard isCounted, let connection else { return }
        isCounted = false
        worker.remove(connection)
        worker.shared.counters.closed()
    }

    private func ended() {
        discount()
        waiting = []
        connection?.ended()
        connection = nil
    }

    // MARK: The host's answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if bytes.isTaken {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        if !isHostsAlone {
            switch unwrapOutboundIn(data) {
            case .head(let head): if head.status == .switchingProtocols { isHostsAlone = true }
            case .body: break
            case .end:
                owedByHost = max(0, owedByHost - 1)
                if owedByHost == 0 { takeTurnLater() }
            }
        }
        context.write(data, promise: promise)
    }

    // MARK: Called by the bytes

    /// A request of ours is being read or answered, or a WebSocket of ours is open.
    var isOpen: Bool { isCounted }

    func mustEnd() {
        guard let connection else { return }
        worker.enter { now in connection.mustEnd(at: now) }
    }

    func clientEnded() { connection?.abort() }

    func failed(_ error: any Error) { connection?.failed(error) }

    // MARK: Our answers

    /// The head of an answer, with nothing behind it yet.
    func begin(_ response: Response, keepsAlive: Bool) {
        guard let facts = connection?.facts else { return }
        begin(ResponseWriter.head(response, to: facts, date: worker.httpDate(), keepsAlive: keepsAlive))
    }

    func begin(_ head: HTTPResponseHead) {
        guard let context else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// Of a WebSocket that goes through here.
    func setReading(_ isOn: Bool) { bytes.setReading(isOn) }

    func end() -> EventLoopFuture<Void>? { send(.end(nil)) }

    /// One whole answer.
    func answer(_ response: Response, keepsAlive: Bool) -> EventLoopFuture<Void>? {
        begin(response, keepsAlive: keepsAlive)
        if let context, let facts = connection?.facts, ResponseWriter.hasBody(response, to: facts) {
            let body = channel.allocator.buffer(bytes: response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        return end()
    }

    /// A piece of an answer that grows, or of a WebSocket.
    func write(_ piece: ByteBuffer) -> EventLoopFuture<Void>? {
        bytes.isTaken ? bytes.write(piece) : send(.body(.byteBuffer(piece)))
    }

    func sayContinue() -> EventLoopFuture<Void>? {
        send(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
    }

    private func send(_ part: HTTPServerResponsePart) -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(part), promise: promise)
        return promise.futureResult
    }
}
