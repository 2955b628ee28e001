internal import SocketIO
internal import SocketIOCore

/// Compresses what goes out to WebSockets that have agreed on permessage-deflate; a shared frame once for all of
/// them.
///
/// Owner: one event loop, so that neither a lock nor an atomic stands between a reader and its stanza.
final class SocketCompression {
    let codec: any DeflateCodec
    private let threshold: Int
    private var shared = SharedForms()

    init(_ codec: any DeflateCodec, threshold: Int) {
        self.codec = codec
        self.threshold = threshold
    }

    /// Nil when the settings ask for none.
    static func make(_ settings: ListenerSettings) -> SocketCompression? {
        #if Compression
            settings.compression.map { SocketCompression(ZlibCodec(), threshold: $0.threshold) }
        #else
            nil
        #endif
    }

    /// The bytes of a shared frame for one of its receivers.
    func framed(_ frame: Frame, windowBits: UInt8) -> [UInt8] {
        guard frame.packet.count >= threshold else { return frame.framed }
        // Nothing in a message refers further back than the message is long, so one form serves every window of
        // that size. Clients that ask for a smaller one are rare, and pay for themselves.
        guard frame.packet.count <= 1 << Int(windowBits) || windowBits == 15 else {
            return compressed(frame.packet, isText: true, windowBits) ?? frame.framed
        }
        return shared.form(of: frame) { compressed(frame.packet, isText: true, 15) ?? frame.framed }
    }

    func framed(_ payload: [UInt8], isText: Bool, windowBits: UInt8) -> [UInt8] {
        compressed(payload, isText: isText, windowBits)
            ?? (isText ? WebSocketFrame.text(payload) : WebSocketFrame.binary(payload))
    }

    /// Nil when it goes better as it is.
    private func compressed(_ payload: [UInt8], isText: Bool, _ windowBits: UInt8) -> [UInt8]? {
        guard payload.count >= threshold, let bytes = codec.deflate(payload, windowBits: windowBits),
            bytes.count < payload.count
        else { return nil }
        return isText
            ? WebSocketFrame.text(bytes, isCompressed: true)
            : WebSocketFrame.binary(bytes, isCompressed: true)
    }
}

/// The compressed forms of the frames sent last.
///
/// - Limits: 4 MiB of both forms together; the newest is kept in any case.
private struct SharedForms {
    private struct Entry {
        /// Held, so that its identity is not given to another one meanwhile.
        let frame: Frame
        let form: [UInt8]

        var byteCount: Int { frame.framed.count + form.count }
    }

    private static let maxBytes = 4 << 20

    private var entries: [ObjectIdentifier: Entry] = [:]
    /// Oldest first; those before `first` are gone.
    private var order: [ObjectIdentifier] = []
    private var first = 0
    private var byteCount = 0

    mutating func form(of frame: Frame, make: () -> [UInt8]) -> [UInt8] {
        let name = ObjectIdentifier(frame)
        if let entry = entries[name] { return entry.form }
        let entry = Entry(frame: frame, form: make())
        byteCount += entry.byteCount
        while byteCount > Self.maxBytes, first < order.count { forgetOldest() }
        entries[name] = entry
        order.append(name)
        return entry.form
    }

    private mutating func forgetOldest() {
        byteCount -= entries.removeValue(forKey: order[first])?.byteCount ?? 0
        first += 1
        if first > 64, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
