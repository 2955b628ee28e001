internal import NIOCore
internal import SocketIO
internal import SocketIOCore

/// What comes from the client.
extension Connection {
    func admits() -> Bool {
        let limit = worker.shared.addressLimit
        guard !limit.isOff, !isForNodes, let address = IPAddress(peer) else { return true }
        guard limit.admits(address) else {
            worker.refused(
                RefusalNote("too many connections of one address", value: peer, setting: "--max-per-address"),
                peer: peer)
            return false
        }
        isCounted = true
        return true
    }

    func readRequests(_ bytes: ByteBuffer, in context: ChannelHandlerContext) {
        if let listener { return listener.receive(bytes, from: context) }
        repeated = nil
        let handler = ListenerHandler(connection: self)
        do {
            try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
            listener = handler
            handler.receive(bytes, from: context)
        } catch {
            abort()
        }
    }

    /// A client that was refused may be sending still, and reads its answer only then: it has some room for that, but
    /// not for ever. What is read here costs next to nothing, so that seconds alone would be gigabytes.
    func discard(_ bytes: ByteBuffer) {
        let rare = makeRare()
        rare.discarded += bytes.readableBytes
        if rare.discarded > Self.maxDiscarded { abort() }
    }

    private static let maxDiscarded = 4 << 20

    /// - Returns: false when it is another request after all.
    func pollAgain(_ repeated: RepeatedRequest, _ bytes: ByteBuffer) -> Bool {
        guard !worker.isClosing, let tag = repeated.tag(in: bytes) else { return false }
        isBusy = true
        expect(nil)
        var isTaken = false
        worker.enter { now in isTaken = repeated.poll.again(tag: tag, on: self, at: now) }
        if !isTaken { isBusy = false }
        return isTaken
    }

    /// What came behind the request that has changed the protocol.
    func receivedRest(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        if let tunnel { tunnel.sent(bytes) } else { receivedFrames(bytes) }
    }

    func receivedFrames(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0, phase == .webSocket || phase == .closing else { return }
        let codec = windowBits > 0 ? worker.compression?.codec : nil
        let events = bytes.withUnsafeReadableBytes { read($0, inflatingWith: codec) }
        guard !events.isEmpty else { return }
        worker.enter { now in
            for event in events { received(event, at: now) }
        }
    }

    /// Between two messages a connection has no reader: most clients say something at the beginning, and a pong now and
    /// then.
    private func read(
        _ bytes: UnsafeRawBufferPointer, inflatingWith codec: (any DeflateCodec)?
    ) -> [WebSocketReader.Event] {
        if let unfinished {
            let events = unfinished.reader.receive(bytes, inflatingWith: codec)
            if unfinished.reader.isIdle { self.unfinished = nil }
            return events
        }
        var reader = WebSocketReader(
            maxMessageBytes: rare?.maxMessageBytes ?? worker.maxBody,
            maxFragments: worker.settings.maxFragments)
        let events = reader.receive(bytes, inflatingWith: codec)
        if !reader.isIdle { unfinished = UnfinishedMessage(reader) }
        return events
    }

    func received(_ event: WebSocketReader.Event, at now: Instant) {
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

    func echoClose(_ code: UInt16?, _ reason: [UInt8], at now: Instant) {
        let delegate = delegate
        self.delegate = nil
        write(WebSocketFrame.close(code: code, reason: String(decoding: reason, as: UTF8.self)))
        delegate?.linkClosed(self, at: now)
        finish()
    }

    func fail(_ code: UInt16, _ reason: String, at now: Instant) {
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
}

/// A reader in the middle of something, or at its end.
final class UnfinishedMessage {
    var reader: WebSocketReader

    init(_ reader: WebSocketReader) { self.reader = reader }
}
