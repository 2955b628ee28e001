internal import NIOCore
internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Reads HTTP/1 requests of one connection of our own port, until a WebSocket takes its place.
///
/// Pipelined requests wait here until the one before is answered (RFC 9112, 9.3.2), and reading stops while any
/// do, which bounds them by what one read brings.
final class ListenerHandler: ChannelInboundHandler, RemovableChannelHandler, RequestSource {
    typealias InboundIn = HTTPServerRequestPart

    private let connection: Connection
    private let requests: RequestHandler
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var waiting: [HTTPServerRequestPart] = []

    private var worker: Worker { connection.worker }

    init(connection: Connection, decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.connection = connection
        self.decoder = decoder
        requests = RequestHandler(connection: connection)
        requests.source = self
        connection.requests = requests
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
        let peer = connection.peer
        guard !limit.isOff, let address = IPAddress(peer) else { return true }
        guard limit.admits(address) else {
            worker.refused(
                RefusalNote("too many connections of one address", value: peer, setting: "--max-per-address"),
                peer: peer)
            return false
        }
        channel.closeFuture.whenComplete { _ in limit.release(address) }
        return true
    }

    func channelInactive(context: ChannelHandlerContext) { connection.ended() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !requests.ignoresInput else { return }
        let part = unwrapInboundIn(data)
        if requests.isBusy, !requests.isReceiving {
            if waiting.isEmpty { setReading(false) }
            waiting.append(part)
        } else {
            requests.received(part)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { requests.readCompleted() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An end in the middle of a request is no request that could be refused, and in the middle of an answer
        // there is no room for another.
        guard let fault = error as? HTTPParserError, fault != .invalidEOFState, !requests.ignoresInput,
            !requests.isBusy || requests.isReceiving
        else { return connection.failed(error) }
        if !requests.isBusy { connection.facts = RequestFacts(keepsAlive: false) }
        let isTooLarge = fault == .headerOverflow
        requests.refuse(
            isTooLarge
                ? Response.text(431, "The head of the request is too large.\n")
                    .noting("head too large", setting: "--max-head")
                : Response.text(400, "Not an HTTP request.\n").noting("not HTTP"))
    }

    // MARK: Called by the requests

    func answered() {
        guard !waiting.isEmpty else { return }
        // Not from in here: the answer may have been written in the middle of something.
        worker.loop.assumeIsolated().execute { self.takeWaiting() }
    }

    private func takeWaiting() {
        while !waiting.isEmpty, !requests.ignoresInput, !requests.isBusy || requests.isReceiving {
            requests.received(waiting.removeFirst())
        }
        if waiting.isEmpty { setReading(true) }
    }

    /// Leaves the pipeline to the connection. All in one turn of the loop: a handler that gets a type it does not
    /// expect ends the process.
    func stepAside() {
        guard let context else { return }
        // Reading may have stopped for this request's sake, while it waited for its turn.
        setReading(true)
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
