internal import NIOCore
internal import NIOHTTP1

/// Stands before the HTTP codec of a host's pipeline: the way in and out of a WebSocket of ours.
///
///     passing ──handshake──▶ holding ──101──▶ taken
///
/// All bytes pass until a handshake of ours is here; those behind it are held; after the 101 all are the connection's,
/// so that neither the codec nor the host's handlers see any, and none of them has to leave the pipeline.
///
/// Owner: the channel's event loop.
final class MountedBytes: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case passing, holding
        case taken(Connection)
    }

    weak var handler: MountHandler?
    private var context: ChannelHandlerContext?
    private var state = State.passing
    /// The last four bytes that have passed.
    private var tail: UInt32 = 0
    private var held: ByteBuffer?
    private var isReadPending = false
    private var hasHeardProbe = false
    /// What is read of a WebSocket has nowhere to go for now.
    private var isPaused = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Its place

    /// Before encoder and decoder both, in whichever order these stand: bytes of ours that met the encoder would end
    /// the process. Behind TLS, which stands before them.
    ///
    /// - Throws: ``MountError/noHTTPCodec``.
    func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        guard let encoder = try? pipeline.handler(type: HTTPResponseEncoder.self),
            let decoder = try? pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
        else { throw MountError.noHTTPCodec }
        try pipeline.addHandler(self, position: .before(encoder))
        // A pipeline does not tell which of two handlers is first; but an event on its way out passes all before.
        decoder.triggerUserOutboundEvent(Probe(), promise: nil)
        if hasHeardProbe { return }
        _ = pipeline.removeHandler(self)
        try pipeline.addHandler(
            self, position: .before(try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self))
        )
    }

    private struct Probe {}

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is Probe else { return context.triggerUserOutboundEvent(event, promise: promise) }
        hasHeardProbe = true
        promise?.succeed()
    }

    // MARK: The handshake

    var isTaken: Bool { if case .taken = state { true } else { false } }

    /// Nothing has come behind the empty line that ends a head. What has is lost: the decoder keeps it to itself.
    var endsWithHead: Bool { tail == 0x0d0a_0d0a }

    /// From here on nothing passes: what comes next is no HTTP.
    func hold() { if case .passing = state { state = .holding } }

    /// From here on everything is the connection's.
    func take(for connection: Connection) {
        state = .taken(connection)
        guard let context else { return }
        // Not from in here: whoever opens the WebSocket has not got it yet.
        context.eventLoop.assumeIsolated().execute {
            self.deliverHeld()
            self.isReadPending = false
            self.context?.read()
        }
    }

    private func deliverHeld() {
        guard case .taken(let connection) = state, let bytes = held else { return }
        held = nil
        connection.received(bytes)
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .passing:
            let bytes = unwrapInboundIn(data)
            for byte in bytes.readableBytesView.suffix(4) { tail = tail << 8 | UInt32(byte) }
            context.fireChannelRead(data)
        case .holding:
            var bytes = unwrapInboundIn(data)
            if held?.writeBuffer(&bytes) == nil { held = bytes }
        case .taken(let connection):
            deliverHeld()
            connection.received(unwrapInboundIn(data))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        switch state {
        case .passing: context.fireChannelReadComplete()
        // Reading is asked for behind the host's handlers, which may want none for now.
        case .holding: break
        case .taken: if !isPaused { context.read() }
        }
    }

    /// Whether the bytes of a WebSocket are read; a host that reads by itself goes on.
    func setReading(_ isOn: Bool) {
        guard isPaused == isOn else { return }
        isPaused = !isOn
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
        if isOn { context?.read() }
    }

    /// While bytes are held one read's worth of them is enough.
    func read(context: ChannelHandlerContext) {
        if case .holding = state, held != nil { isReadPending = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let handler, handler.isOpen else { return context.fireUserInboundEventTriggered(event) }
        switch event {
        // The host stops, with whatever helper it has for that.
        case is ChannelShouldQuiesceEvent: handler.mustEnd()
        // A client that has ended its half is gone; HTTP has no use for such a one either.
        case ChannelEvent.inputClosed: handler.clientEnded()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let handler, handler.isOpen else { return context.fireErrorCaught(error) }
        handler.failed(error)
    }

    // MARK: Out

    /// Bytes of ours, past the codec.
    func write(_ bytes: ByteBuffer) -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
        return promise.futureResult
    }
}
