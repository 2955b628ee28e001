internal import Logging
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
/// Until an upgrade a ``ListenerHandler`` stands in the pipeline and this object only writes. Afterwards this is
/// the only handler left, so that a reader costs no more than it must. In the pipeline of a host it is never a handler:
/// there a ``MountHandler`` writes its answers, as HTTP parts, and ``MountedBytes`` its frames.
///
/// Bytes go straight to the socket with `send` while NIO holds none of this connection; what the socket does not
/// take goes through NIO, and the link is not ready until that has left. Measured: without the pipeline's write
/// path a stanza costs what a bare `send` server pays.
///
/// Owner: the event loop of its worker.
final class Connection: ChannelInboundHandler, Link, Timed {
    typealias InboundIn = ByteBuffer

    enum Phase: UInt8 { case http, stream, webSocket, tunnel, closing, closed }

    let worker: Worker
    /// The client speaks TLS on this very connection.
    let isSecure: Bool
    private let channel: any Channel
    /// -1 when the transport is not a plain socket, or no longer ours to use: then everything goes through NIO. A
    /// descriptor that NIO has closed may belong to somebody else's connection the moment after.
    private var descriptor: CInt
    /// While this is HTTP; cleared with the upgrade, or with the connection.
    var requests: RequestHandler?
    /// In the pipeline of a host; cleared with the connection.
    private var mount: MountHandler?
    var delegate: (any LinkDelegate)?
    var scheduled = Instant.distantFuture
    private(set) var deadline = Instant.distantFuture
    private var reader: WebSocketReader?
    private var corked: [UInt8] = []
    /// Asked by a session on another loop; empty for a session on this one.
    private var readiness: [() -> Void] = []
    /// Writes that NIO has taken and not yet finished.
    private var outstanding = 0
    private var phase = Phase.http
    /// How far back a compressed message may refer (``PerMessageDeflate``); 0: none is compressed.
    private var windowBits: UInt8 = 0
    private var isCorked = false
    /// What was owed at the last deadline that found something owed.
    private var owedBefore = Int.max
    private var closesWhenDrained = false
    /// Takes what comes through a tunnel.
    private var tunnel: Relay?
    /// The client as the node says that has relayed its request here.
    var relayedClient: String?
    var facts = RequestFacts()

    /// - Parameter isPlain: what is written leaves as it is, without TLS on its way.
    init(_ channel: any Channel, worker: Worker, isPlain: Bool) {
        self.channel = channel
        self.worker = worker
        isSecure = !isPlain
        guard isPlain else {
            descriptor = -1
            return
        }
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        descriptor = handle.flatMap { $0 } ?? -1
    }

    /// In the pipeline of a host, whose handlers may want to see every byte: all go through NIO.
    init(_ channel: any Channel, worker: Worker, mount: MountHandler, isSecure: Bool) {
        self.channel = channel
        self.worker = worker
        self.mount = mount
        self.isSecure = isSecure
        descriptor = -1
    }

    var isMounted: Bool { mount != nil }

    /// The other end's IP address; empty when the connection is gone or has none.
    var peer: String { channel.remoteAddress?.ipAddress.flatMap { IPAddress($0)?.text } ?? "" }

    // MARK: Link

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
        if keepsAlive { requests?.answered() } else { finish() }
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
        reader = WebSocketReader(maxMessageBytes: maxMessageBytes ?? worker.maxBody)
        expect(nil)
        requests?.stepAside()
        requests = nil
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
            requests?.answered()
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
        TLSEndpoint.closeAtOnce(channel)
    }

    // MARK: Answers of another node

    /// Bytes of an answer, framed already.
    func pass(_ bytes: [UInt8]) { if !bytes.isEmpty { write(bytes) } }

    /// The answer that was passed is whole.
    func passed(staysOpen: Bool) {
        guard phase == .http || phase == .tunnel else { return }
        if phase == .http, staysOpen, facts.keepsAlive, !worker.isClosing {
            requests?.answered()
        } else {
            finish()
        }
    }

    /// From here on what comes is another node's to read.
    func openTunnel(for relay: Relay) {
        guard phase == .http else { return }
        phase = .tunnel
        tunnel = relay
        expect(nil)
        requests?.stepAside()
        requests = nil
    }

    func setReading(_ isOn: Bool) { try? channel.syncOptions?.setOption(.autoRead, value: isOn) }

    // MARK: Out

    /// The client waits to be asked for its body (RFC 9110, 10.1.1).
    func sayContinue() {
        if let mount { return transfer { mount.sayContinue() } }
        write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    private func write(_ bytes: [UInt8]) {
        if isCorked {
            corked += bytes
        } else if outstanding == 0, descriptor >= 0, phase != .closed, channel.isActive {
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
        let buffer = channel.allocator.buffer(bytes: bytes)
        transfer {
            guard let mount else { return channel.writeAndFlush(buffer) }
            return mount.write(buffer)
        }
    }

    /// Counts what NIO has been given as outstanding until it has left.
    ///
    /// - Parameter write: nil when the connection is gone.
    private func transfer(_ write: () -> EventLoopFuture<Void>?) {
        outstanding += 1
        // NIO may find room in the socket at once. Then this is a write like any other, and whoever wrote goes on by
        // itself: told from in here that the link is ready, it would write its next piece before it has counted
        // this one.
        var isHandingOver = true
        let sent = write() ?? channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
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

    /// The next request's time begins when the client has got the answer before it.
    ///
    /// In a host's pipeline the time between requests is the host's.
    func expectRequest() { expect(isMounted ? nil : worker.settings.idleTimeout) }

    private func drained() {
        let calls = readiness
        readiness = []
        for call in calls { call() }
        if closesWhenDrained { return finish() }
        if phase == .closing { return waitForGoodbye() }
        if phase == .http, requests?.isBusy == false { return expectRequest() }
        guard let delegate else { return }
        worker.enter { now in delegate.linkReady(self, at: now) }
    }

    /// Ends the connection behind an answer: our half first, so that the answer arrives even when the peer is
    /// still sending; the whole when the peer has ended its half, or has had time to.
    private func finish() {
        requests?.ignoresInput = true
        tunnel = nil
        phase = .closing
        closesWhenDrained = outstanding > 0
        if !closesWhenDrained { channel.close(mode: .output, promise: nil) }
        waitForGoodbye()
    }

    /// The peer's time to end its half begins when it has got all of ours; a slow one has longer for that.
    private func waitForGoodbye() {
        expect(outstanding == 0 ? worker.settings.goodbyeTimeout : worker.settings.idleTimeout)
    }

    // MARK: Time

    /// Sets when this connection ends if nothing more happens; nil: never.
    func expect(_ span: Duration?) {
        guard let span else {
            deadline = .distantFuture
            return
        }
        deadline = Clock.now() + span
        worker.arm(self, at: deadline)
    }

    func deadlineReached(at now: Instant) {
        guard phase != .closed, deadline != .distantFuture else { return }
        if now < deadline { return worker.arm(self, at: deadline) }
        // Who still takes our bytes, however slowly, is given the same time again.
        let left = owed
        guard left > 0, left < owedBefore else {
            if requests?.isReceiving == true {
                worker.refused(RefusalNote("body timeout", setting: "--body-timeout"), peer: peer)
            }
            return abort()
        }
        owedBefore = left
        expect(worker.settings.idleTimeout)
    }

    /// Bytes that the client has not taken yet and NIO holds.
    var owed: Int {
        outstanding == 0 ? 0 : Int((try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
    }

    /// The server stops.
    func mustEnd(at now: Instant) {
        facts.keepsAlive = false
        if let delegate { return delegate.linkMustEnd(self, at: now) }
        // A body that is half here is not waited for.
        if phase == .http, requests?.isBusy != true || requests?.isReceiving == true { finish() }
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { received(unwrapInboundIn(data)) }

    /// Bytes of a WebSocket, or for another node.
    func received(_ bytes: ByteBuffer) {
        if let tunnel { return tunnel.sent(bytes) }
        guard reader != nil, phase == .webSocket || phase == .closing else { return }
        let codec = windowBits > 0 ? worker.compression?.codec : nil
        let events = bytes.withUnsafeReadableBytes {
            reader?.receive($0, inflatingWith: codec) ?? []
        }
        guard !events.isEmpty else { return }
        worker.enter { now in
            for event in events { received(event, at: now) }
        }
    }

    private func received(_ event: WebSocketReader.Event, at now: Instant) {
        // Once our close frame has left, only the peer's is of interest (RFC 6455, 7.1.2).
        if phase != .webSocket {
            if case .close = event { abort() }
            return
        }
        switch event {
        case .text(let bytes): delegate?.link(self, receivedText: bytes[...], at: now)
        case .binary(let bytes): delegate?.link(self, receivedBinary: bytes, at: now)
        // Who does not read our pongs gets no more of them.
        case .ping(let bytes): if isReady { write(WebSocketFrame.pong(bytes)) }
        case .pong: break
        case .close(let code, let reason): echoClose(code, reason, at: now)
        case .failed(let code, let reason): fail(code, reason, at: now)
        }
    }

    private func echoClose(_ code: UInt16?, _ reason: [UInt8], at now: Instant) {
        let delegate = delegate
        self.delegate = nil
        write(WebSocketFrame.close(code: code, reason: String(decoding: reason, as: UTF8.self)))
        delegate?.linkClosed(self, at: now)
        finish()
    }

    private func fail(_ code: UInt16, _ reason: String, at now: Instant) {
        // 1009 is RFC 6455's code for a message that is too big.
        let note =
            code == 1009
            ? RefusalNote("message too large", setting: "--max-payload")
            : RefusalNote("WebSocket close \(code)", value: reason)
        worker.refused(note, peer: peer)
        let delegate = delegate
        self.delegate = nil
        write(WebSocketFrame.close(code: code, reason: reason))
        delegate?.linkClosed(self, at: now)
        finish()
    }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { failed(error) }

    /// The connection broke, or speaks something else: HTTP where TLS is spoken, for one.
    func failed(_ error: any Error) {
        if (error as? IOError)?.errnoCode == ETIMEDOUT {
            worker.refused(RefusalNote("stalled", setting: "--stall-timeout"), peer: peer)
        }
        worker.logger.debug(
            "connection failed",
            metadata: ["reason": "\(error)", "peer": "\(channel.remoteAddress?.description ?? "gone")"])
        abort()
    }

    /// The connection is gone.
    func ended() {
        guard phase != .closed else { return }
        phase = .closed
        descriptor = -1
        deadline = .distantFuture
        requests = nil
        tunnel = nil
        mount = nil
        worker.remove(self)
        guard let delegate else { return }
        self.delegate = nil
        worker.enter { now in delegate.linkClosed(self, at: now) }
    }
}
