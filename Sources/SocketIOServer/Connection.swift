internal import NIOCore
internal import SocketIO
internal import SocketIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One TCP connection: the way out of every exchange, and the handler of a WebSocket's bytes once it is one.
///
/// While there are requests to be read a ``ListenerHandler`` stands behind it in the pipeline. Where only stanzas are
/// to be written, be it as frames, as a stream or as the answer to a poll, this is the only handler, so that a reader
/// costs no more than it must. In the pipeline of a host it is never a handler: there a ``MountHandler`` writes its
/// answers, as HTTP parts, and ``MountedBytes`` its frames.
///
/// Bytes go straight to the socket with `send` while NIO holds none of this connection; what the socket does not
/// take goes through NIO, and the link is not ready until that has left. Measured: without the pipeline's write
/// path a stanza costs what a bare `send` server pays.
///
/// Owner: the event loop of its worker.
final class Connection: ChannelInboundHandler, Link {
    typealias InboundIn = ByteBuffer

    enum Phase: UInt8 { case http, stream, webSocket, tunnel, closing, closed }

    let worker: Worker
    /// Nil once it is closed: whoever still holds this object need not hold all of that.
    private(set) var channel: (any Channel)?
    var delegate: (any LinkDelegate)?
    /// While there is something to be read as HTTP.
    var listener: ListenerHandler?
    /// The last poll, in case the next one is the same.
    var repeated: RepeatedRequest?
    /// Where ``readsFrames``: what is here in part alone.
    var unfinished: UnfinishedMessage?
    private var corked: [UInt8] = []
    var rare: Rare?
    /// When it ends if nothing more happens; ``Worker/watch(until:)`` looks.
    var deadline = Instant.distantFuture
    /// -1 when the transport is not a plain socket, or no longer ours to use: then everything goes through NIO. A
    /// descriptor that NIO has closed may belong to somebody else's connection the moment after.
    var descriptor: CInt
    /// Writes that NIO has taken and not yet finished.
    var outstanding: Int32 = 0
    /// Its place among the worker's connections.
    var slot: Int32 = -1
    var facts = RequestFacts()
    var phase = Phase.http
    /// How far back a compressed message may refer (``PerMessageDeflate``); 0: none is compressed.
    var windowBits: UInt8 = 0
    /// The client speaks TLS on this very connection.
    let isSecure: Bool
    /// It came from another loop, and stays on this one.
    let hasMoved: Bool
    /// From a request's head until it is answered.
    var isBusy = false
    /// It counts as one of its address's connections.
    var isCounted = false
    /// What comes are a WebSocket's frames.
    private(set) var readsFrames = false
    private var isCorked = false
    private var closesWhenDrained = false
    /// Another loop has it; nothing more happens here.
    var hasLeft = false

    /// - Parameters:
    ///   - isPlain: what is written leaves as it is, without TLS on its way.
    ///   - moved: It comes from another loop, with a request.
    init(_ channel: any Channel, worker: Worker, isPlain: Bool, moved: MovedRequest? = nil) {
        self.channel = channel
        self.worker = worker
        isSecure = !isPlain
        hasMoved = moved != nil
        descriptor = -1
        if let moved { makeRare().moved = moved }
        guard isPlain else { return }
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        descriptor = handle.flatMap { $0 } ?? -1
    }

    /// In the pipeline of a host, whose handlers may want to see every byte: all go through NIO.
    init(_ channel: any Channel, worker: Worker, mount: MountHandler, isSecure: Bool) {
        self.channel = channel
        self.worker = worker
        self.isSecure = isSecure
        descriptor = -1
        hasMoved = false
        makeRare().mount = mount
    }

    var isMounted: Bool { mount != nil }

    var requests: RequestHandler? { listener?.requests ?? mount?.requests }

    func readsNoRequests() {
        listener = nil
        mount?.requests = nil
    }

    /// Puts a connection on a new channel, and nothing else.
    static func open(
        on channel: any Channel, _ worker: Worker, moved: MovedRequest? = nil, isForNodes: Bool = false
    ) throws {
        let counters = worker.shared.counters
        let tls = isForNodes ? nil : worker.shared.tls
        do {
            try tls?.secure(channel)
            let connection = Connection(channel, worker: worker, isPlain: tls == nil, moved: moved)
            if isForNodes { connection.makeRare().isForNodes = true }
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            // Otherwise this is the connection's own part, when it leaves the channel.
            counters.closed()
            throw error
        }
    }

    /// The other end's IP address; empty when the connection is gone or has none.
    var peer: String { channel?.remoteAddress?.ipAddress.flatMap { IPAddress($0)?.text } ?? "" }

    // MARK: Link

    /// What comes is no HTTP any more.
    var isUpgraded: Bool { phase == .webSocket || phase == .tunnel }

    var isReady: Bool { outstanding == 0 && phase != .closed }

    func respond(_ response: Response) {
        guard phase == .http else { return }
        delegate = nil
        if response.refusal != nil || response.status >= 400 {
            worker.refused(
                response.refusal ?? RefusalNote("status \(response.status)"), peer: relayedClient ?? peer,
                response.body[...])
        }
        // Answered before its body was whole: what follows could not be told from the rest of it.
        let isWhole = requests?.isReceiving != true
        let keepsAlive = facts.keepsAlive && isWhole && !response.closesConnection && !worker.isClosing
        if let mount {
            transfer { mount.answer(response, keepsAlive: keepsAlive) }
        } else {
            write(ResponseWriter.bytes(response, to: facts, date: worker.httpDate(), keepsAlive: keepsAlive))
        }
        if keepsAlive { answered() } else { finish() }
    }

    func respond(counted make: @escaping @Sendable (Totals) -> Response) {
        guard let peers = worker.peers else { return respond(make(worker.totals)) }
        peers.totals(on: worker.loop).assumeIsolated().whenSuccess { self.respond(make($0)) }
    }

    func openStream(_ head: Response) {
        guard phase == .http else { return }
        phase = .stream
        isCorked = true
        if let mount { return mount.begin(head, keepsAlive: facts.minorVersion >= 1 && facts.keepsAlive) }
        corked = ResponseWriter.stream(head, to: facts, date: worker.httpDate())
    }

    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {
        guard phase == .http else { return }
        phase = .webSocket
        isCorked = true
        var headers = headers
        if let deflate = facts.deflate {
            windowBits = deflate.serverWindowBits
            headers.append(("Sec-WebSocket-Extensions", deflate.answer))
        }
        corked = ResponseWriter.switching(accept: accept, headers: headers)
        readsFrames = true
        if let maxMessageBytes { makeRare().maxMessageBytes = maxMessageBytes }
        expect(nil)
        repeated = nil
        requests?.stepAside()
        readsNoRequests()
    }

    func write(_ frame: Frame) {
        if windowBits > 0, let compression = worker.compression {
            return write(compression.framed(frame, windowBits: windowBits))
        }
        // A host's encoder frames chunks itself.
        write(phase == .stream && (facts.minorVersion == 0 || isMounted) ? frame.packet : frame.framed)
    }

    func write(_ packet: Outgoing) {
        switch packet {
        case .frame(let frame): write(frame)
        case .text(let bytes): write(bytes, isText: true)
        case .binary(let bytes): write(bytes, isText: false)
        }
    }

    private func write(_ payload: [UInt8], isText: Bool) {
        if windowBits > 0, let compression = worker.compression {
            return write(compression.framed(payload, isText: isText, windowBits: windowBits))
        }
        write(isText ? WebSocketFrame.text(payload) : WebSocketFrame.binary(payload))
    }

    func ping() { write(WebSocketFrame.ping([])) }

    func cork() -> Bool {
        guard phase == .webSocket, !isCorked else { return false }
        isCorked = true
        return true
    }

    func flush() {
        guard isCorked else { return }
        isCorked = false
        let bytes = corked
        corked = []
        write(bytes)
    }

    func endStream() {
        guard phase == .stream else { return }
        if facts.minorVersion >= 1, !isMounted { write(HTTPChunk.last) }
        flush()
        if let mount { transfer { mount.end() } }
        delegate = nil
        phase = .http
        if facts.minorVersion >= 1, facts.keepsAlive, !worker.isClosing {
            answered()
        } else {
            finish()
        }
    }

    func closeSocket(code: UInt16?) {
        guard phase == .webSocket else { return }
        write(WebSocketFrame.close(code: code))
        flush()
        delegate = nil
        phase = .closing
        waitForGoodbye()
    }

    func abort() {
        descriptor = -1
        if let channel { TLSEndpoint.closeAtOnce(channel) }
    }

    // MARK: Out

    /// The client waits to be asked for its body (RFC 9110, 10.1.1).
    func sayContinue() {
        if let mount { return transfer { mount.sayContinue() } }
        write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    func write(_ bytes: [UInt8]) {
        if isCorked {
            corked += bytes
        } else if outstanding == 0, descriptor >= 0, phase != .closed {
            // NIO says that a channel is inactive before anybody else hears that its descriptor is gone.
            assert(channel?.isActive == true, "a descriptor is used that may be somebody else's")
            sendDirectly(bytes)
        } else if phase != .closed {
            handOver(bytes[...])
        }
    }

    private func sendDirectly(_ bytes: [UInt8]) {
        let sent = bytes.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        }
        if sent == bytes.count { return }
        if sent < 0, errno != EAGAIN, errno != EWOULDBLOCK, errno != EINTR {
            // The peer is gone. Not from in here: whoever writes is in the middle of something.
            return worker.loop.assumeIsolated().execute { self.abort() }
        }
        handOver(bytes[max(0, sent)...])
    }

    /// Lets NIO wait until the socket takes the rest.
    private func handOver(_ bytes: ArraySlice<UInt8>) {
        guard let channel else { return }
        let buffer = channel.allocator.buffer(bytes: bytes)
        transfer {
            guard let mount else { return channel.writeAndFlush(buffer) }
            return mount.write(buffer)
        }
    }

    /// Counts what NIO has been given as outstanding until it has left.
    ///
    /// - Parameter write: nil when the connection is gone.
    func transfer(_ write: () -> EventLoopFuture<Void>?) {
        outstanding += 1
        // NIO may find room in the socket at once. Then this is a write like any other, and whoever wrote goes on by
        // itself: told from in here that the link is ready, it would write its next piece before it has counted
        // this one.
        var isHandingOver = true
        let sent = write() ?? worker.loop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        sent.assumeIsolated().whenComplete { result in
            self.outstanding -= 1
            if case .failure = result {
                // The connection is gone, though nobody has been told yet.
                self.descriptor = -1
            } else if self.outstanding == 0, !isHandingOver {
                self.drained()
            }
        }
        isHandingOver = false
    }

    /// Calls back once nothing is waiting: at once, or when what waits has left.
    func whenReady(_ call: @escaping () -> Void) {
        if isReady || phase == .closed { return call() }
        readiness.append(call)
    }

    /// The connection takes the next request.
    func answered() {
        isBusy = false
        expectRequest()
        requests?.answered()
    }

    private func drained() {
        let calls = readiness
        readiness = []
        for call in calls { call() }
        if closesWhenDrained { return finish() }
        if phase == .closing { return waitForGoodbye() }
        if phase == .http, !isBusy { return expectRequest() }
        guard let delegate else { return }
        worker.enter { now in delegate.linkReady(self, at: now) }
    }

    /// Ends the connection behind an answer: our half first, so that the answer arrives even when the peer is
    /// still sending; the whole when the peer has ended its half, or has had time to.
    func finish() {
        requests?.ignoresInput = true
        tunnel = nil
        phase = .closing
        closesWhenDrained = outstanding > 0
        if !closesWhenDrained { channel?.close(mode: .output, promise: nil) }
        waitForGoodbye()
    }

    // MARK: The channel

    func channelActive(context: ChannelHandlerContext) {
        worker.add(self)
        if let moved {
            self.moved = nil
            return begin(with: moved, in: context)
        }
        guard admits() else { return abort() }
        expect(worker.settings.headTimeout)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let tunnel { return tunnel.sent(bytes) }
        if readsFrames { return receivedFrames(bytes) }
        guard phase == .http || phase == .stream else { return discard(bytes) }
        if let repeated, !isBusy, listener == nil, pollAgain(repeated, bytes) { return }
        readRequests(bytes, in: context)
    }

    func channelReadComplete(context: ChannelHandlerContext) { requests?.readCompleted() }

    /// Bytes from a host's pipeline.
    func received(_ bytes: ByteBuffer) { receivedRest(bytes) }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { failed(error) }

    func handlerRemoved(context: ChannelHandlerContext) {
        channel = nil
        if !hasLeft { worker.shared.counters.closed() }
    }

    /// The connection is gone.
    func ended() {
        guard phase != .closed else { return }
        phase = .closed
        descriptor = -1
        deadline = .distantFuture
        readsNoRequests()
        rare = nil
        repeated = nil
        unfinished = nil
        worker.remove(self)
        if isCounted, let address = IPAddress(peer) { worker.shared.addressLimit.release(address) }
        guard let delegate else { return }
        self.delegate = nil
        worker.enter { now in delegate.linkClosed(self, at: now) }
    }
}
