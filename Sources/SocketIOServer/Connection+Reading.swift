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
        if !events.isEmpty {
            worker.enter { now in
                for event in events { received(event, at: now) }
            }
        }
        limitMessage(after: events)
    }

    /// Who has begun a message has a time to finish it, whatever comes between its frames.
    private func limitMessage(after events: [WebSocketReader.Event]) {
        guard phase == .webSocket else { return }
        guard let reader = unfinished?.reader else {
            if deadline != .distantFuture { expect(nil) }
            return
        }
        // What is under way now began behind what has just ended, unless that was a ping in the middle of it.
        let isAnother = !events.isEmpty && (!reader.isMidMessage || events.contains(where: \.isMessage))
        if isAnother || deadline == .distantFuture { expect(worker.settings.messageTimeout) }
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

    /// The rest of a message has not come in time.
    func messageTimedOut(at now: Instant) {
        let note = RefusalNote("message timeout", setting: "--message-timeout")
        fail(1008, "message timeout", noting: note, at: now)
    }

    func fail(_ code: UInt16, _ reason: String, at now: Instant) {
        // 1009 is RFC 6455's code for a message that is too big.
        let note =
            code == 1009
            ? RefusalNote("message too large", value: reason, setting: "--max-payload, --max-fragments")
            : RefusalNote("WebSocket close \(code)", value: reason)
        fail(code, reason, noting: note, at: now)
    }

    private func fail(_ code: UInt16, _ reason: String, noting note: RefusalNote, at now: Instant) {
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
