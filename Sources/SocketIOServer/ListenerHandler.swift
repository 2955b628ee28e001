internal import NIOCore
internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Reads HTTP/1 requests of one connection of our own port.
///
/// It is there while there is something to read: a connection that only waits, for an answer or for its next
/// request, has none. Pipelined requests wait here until the one before is answered (RFC 9112, 9.3.2), and reading
/// stops while any do, which bounds them by what one read brings.
final class ListenerHandler: ChannelInboundHandler, RemovableChannelHandler, RequestSource {
    typealias InboundIn = HTTPServerRequestPart

    private let connection: Connection
    let requests: RequestHandler
    private var context: ChannelHandlerContext?
    private var decoder: HTTPRequestDecoder?
    /// What the decoder wants to see once more, with what follows it.
    private var unread: ByteBuffer?
    private var waiting: [HTTPServerRequestPart] = []
    /// What has come of the current request without being counted by the parser, or before it was.
    private var framing = 0
    /// How many heads the parser has found: also of requests that wait for their turn.
    private var heads = 0
    private(set) var isDecoding = false

    private var worker: Worker { connection.worker }

    init(connection: Connection) {
        self.connection = connection
        requests = RequestHandler(connection: connection)
        requests.source = self
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        giveBackDecoder(isReusable: false)
        self.context = nil
    }

    // MARK: Bytes

    /// - Parameter front: of the handler before this one.
    func receive(_ bytes: ByteBuffer, from front: ChannelHandlerContext) {
        guard !requests.ignoresInput else { return }
        let countBefore = requests.count
        let headsBefore = heads
        let bodyBefore = requests.bodyBytes
        let size = bytes.readableBytes
        let isFresh = decoder == nil
        var bytes = bytes
        if var earlier = unread {
            unread = nil
            earlier.writeBuffer(&bytes)
            bytes = earlier
        }
        let all = bytes
        decode(&bytes, from: front)
        let isSame = heads == headsBefore
        limitFraming(size, bodyBefore: bodyBefore, isSameRequest: isSame)
        // Behind a head without a body nothing of a next request can be in the parser when that is where it ends.
        let isClean =
            !isSame && !requests.isReceiving && !requests.hasBody && waiting.isEmpty
            && all.readableBytesView.suffix(4).elementsEqual([13, 10, 13, 10])
        if let (request, owner) = requests.takeElsewhere() {
            // Behind a request that offers an upgrade nothing is parsed.
            let isLast = isClean || connection.facts.offersUpgrade
            if isLast, connection.move(request, followedBy: bytes, to: owner) { return }
            requests.give(request, to: owner)
        }
        if connection.isUpgraded {
            removeItself()
            return connection.receivedRest(bytes)
        }
        guard !requests.ignoresInput else { return }
        if bytes.readableBytes > 0 { unread = bytes }
        guard isClean, bytes.readableBytes == 0 else { return }
        leave(isFresh && requests.count == countBefore + 1 ? all : nil)
    }

    /// The parser passes over chunks' extensions, empty lines before a request and blanks before a value, and counts
    /// none of them, however long they are: whoever sends nothing else would be read for as long as a head or a body
    /// may take (RFC 9112, 2.2 and 7.1.1).
    ///
    /// What a chunk of one byte needs is free for each byte of the body, and as much as a head may have for all.
    private func limitFraming(_ size: Int, bodyBefore: Int?, isSameRequest: Bool) {
        let body = requests.bodyBytes
        guard isSameRequest, (bodyBefore == nil) == (body == nil) else {
            framing = 0
            return
        }
        framing += size - ((body ?? 0) - (bodyBefore ?? 0))
        let limit = worker.settings.maxHead
        guard let body else {
            // The parser says itself what is too long of what it counts, and says it first.
            if framing > 2 * limit { failed(HTTPParserError.headerOverflow) }
            return
        }
        guard framing > limit + body * Self.framingOfOneByte else { return }
        requests.refuse(
            Response.text(413, "The chunks of the body have too much beside it.\n")
                .noting("chunk framing too large", setting: "--max-head"))
    }

    private static let framingOfOneByte = "1\r\n\r\n".utf8.count

    private func decode(_ bytes: inout ByteBuffer, from front: ChannelHandlerContext) {
        let decoder = self.decoder ?? worker.decoders.take(for: front)
        self.decoder = decoder
        requests.poll = nil
        isDecoding = true
        do {
            _ = try decoder.decode(context: front, buffer: &bytes)
        } catch {
            failed(error)
        }
        isDecoding = false
    }

    /// Goes until there is something to read again.
    ///
    /// - Parameter request: the whole of the last one, if it was the only one.
    private func leave(_ request: ByteBuffer?) {
        guard !connection.facts.offersUpgrade else { return }
        if let request, let poll = requests.poll { connection.repeated = RepeatedRequest(request, poll) }
        giveBackDecoder(isReusable: connection.facts.parserGoesOn)
        connection.listener = nil
        removeItself()
    }

    private func removeItself() {
        guard let context else { return }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func giveBackDecoder(isReusable: Bool) {
        guard let decoder, let context else { return }
        self.decoder = nil
        worker.decoders.giveBack(decoder, from: context, isReusable: isReusable)
    }

    // MARK: Parts

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !requests.ignoresInput else { return }
        let part = unwrapInboundIn(data)
        if case .head = part { heads += 1 }
        if requests.isBusy, !requests.isReceiving {
            if waiting.isEmpty { setReading(false) }
            waiting.append(part)
        } else {
            requests.received(part)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { failed(error) }

    private func failed(_ error: any Error) {
        // In the middle of an answer there is no room for another.
        guard let fault = error as? HTTPParserError, !requests.ignoresInput,
            !requests.isBusy || requests.isReceiving
        else { return connection.failed(error) }
        if !requests.isBusy { connection.facts = RequestFacts(keepsAlive: false) }
        let isTooLarge = fault == .headerOverflow
        requests.refuse(
            isTooLarge
                ? Response.text(431, "The head of the request is too large.\n")
                    .noting("head too large", setting: "--max-head, --max-header-fields")
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

    /// The connection's bytes are WebSocket frames, or for another node, from now on.
    func stepAside() {
        // Reading may have stopped for this request's sake, while it waited for its turn.
        setReading(true)
        // Otherwise the parser is still at work, and what comes behind the handshake is known when it has done.
        guard !isDecoding else { return }
        removeItself()
        guard let unread else { return }
        self.unread = nil
        // Not before the session has been told of its WebSocket.
        worker.loop.assumeIsolated().execute { [connection] in connection.receivedRest(unread) }
    }

    private func setReading(_ isOn: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
