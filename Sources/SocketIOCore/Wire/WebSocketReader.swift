/// Reads what a WebSocket client sends, in whatever pieces it arrives, and joins fragments.
///
/// Where permessage-deflate has been agreed on, ``receive(_:inflatingWith:)`` is given a codec. A compressed
/// message is kept as it came until it is whole: so no connection holds a window, and what it inflates to is
/// bounded.
///
///     first ─▶ second ─▶ [length] ─▶ mask ─▶ payload ─┐
///       ▲                              │              │      any ──fault or close──▶ ended
///       └──────────────────────────────┴──────────────┘
///
/// - Limits: ``init(maxMessageBytes:maxFragments:)``; what is too big is refused from its header, before any
///   of it is kept. Nothing is reserved for what a header only promises.
/// - Errors: ``Event/failed(code:reason:)`` with the code for the close frame; the rest of the connection is
///   ignored.
/// - Source: RFC 6455: 5.2 to 5.5 (framing), 7.4 (close codes), 8.1 (UTF-8, checked as it arrives); RFC 7692, 6
///   (RSV1) and 7.2.2 (inflating).
/// - Cost: a few words and no heap while no message is under way.
package struct WebSocketReader: Sendable {
    package enum Event: Equatable, Sendable {
        case text([UInt8])
        case binary([UInt8])
        case ping([UInt8])
        case pong([UInt8])
        /// The client's close frame; it must be answered with one. The reason is UTF-8.
        case close(code: UInt16?, reason: [UInt8])
        case failed(code: UInt16, reason: String)

        /// A whole message of the application's.
        package var isMessage: Bool {
            switch self {
            case .text, .binary: true
            case .ping, .pong, .close, .failed: false
            }
        }
    }

    private enum Stage: UInt8, Sendable { case first, second, length, mask, payload, ended }

    /// A fault: what the close frame will say.
    private struct Fault: Error {
        var code: UInt16
        var reason: String
    }

    private var stage = Stage.first
    private var opcode: UInt8 = 0
    private var isFinal = false
    /// Header bytes of this stage that are still to come.
    private var missing: UInt8 = 0
    /// The length field was one of the long ones, 2 or 8 bytes.
    private var lengthBytes: UInt8 = 0
    /// The masking key, its next byte lowest.
    private var mask: UInt32 = 0
    /// Payload of this frame that is still to come.
    private var remaining: UInt64 = 0

    /// The opcode of the message under way; `continuation` when there is none.
    private var messageOpcode = WebSocketFrame.Opcode.continuation
    /// It is compressed, and in ``message`` it still is.
    private var isCompressed = false
    private var utf8 = UTF8Validator()
    private var fragments: UInt32 = 0
    private var message: [UInt8] = []
    /// The payload of a control frame, which may come between fragments.
    private var control: [UInt8] = []

    private let maxMessageBytes: Int
    private let maxFragments: UInt32

    /// - Parameters:
    ///   - maxMessageBytes: a message of exactly this size passes; one more byte fails with 1009.
    ///   - maxFragments: frames a message may consist of, so that empty ones do not go on for ever; one more
    ///     fails
    ///     with 1009.
    package init(maxMessageBytes: Int, maxFragments: Int = 100_000) {
        self.maxMessageBytes = maxMessageBytes
        self.maxFragments = UInt32(clamping: maxFragments)
    }

    /// Nothing will be reported any more: the client closed, or failed.
    package var hasEnded: Bool { stage == .ended }

    /// Nothing is under way: a new reader would go on alike.
    package var isIdle: Bool {
        stage == .first && messageOpcode == WebSocketFrame.Opcode.continuation
    }

    /// A message has begun, and whole frames of it have come; more are to follow.
    package var isMidMessage: Bool { messageOpcode != WebSocketFrame.Opcode.continuation && !hasEnded }

    /// - Parameter codec: where permessage-deflate has been agreed on; nil refuses compressed messages.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer, inflatingWith codec: (any DeflateCodec)? = nil
    ) -> [Event] {
        var events: [Event] = []
        var index = 0
        do throws(Fault) {
            while index < bytes.count, stage != .ended {
                if stage == .payload {
                    let count = Int(min(remaining, UInt64(bytes.count - index)))
                    try payload(UnsafeRawBufferPointer(rebasing: bytes[index..<(index + count)]))
                    index += count
                } else {
                    try header(bytes[index], mayCompress: codec != nil)
                    index += 1
                }
                if stage == .payload, remaining == 0 { try frameEnded(&events, codec) }
            }
        } catch {
            end()
            events.append(.failed(code: error.code, reason: error.reason))
        }
        return events
    }

    private mutating func end() {
        stage = .ended
        message = []
        control = []
    }

    // MARK: Header

    private mutating func header(_ byte: UInt8, mayCompress: Bool) throws(Fault) {
        switch stage {
        case .first: try first(byte, mayCompress: mayCompress)
        case .second: try second(byte)
        case .length:
            remaining = remaining << 8 | UInt64(byte)
            missing -= 1
            if missing == 0 { try lengthEnded() }
        case .mask:
            mask = mask >> 8 | UInt32(byte) << 24
            missing -= 1
            if missing == 0 { stage = .payload }
        case .payload, .ended: break
        }
    }

    private mutating func first(_ byte: UInt8, mayCompress: Bool) throws(Fault) {
        let reserved = byte & 0x70
        guard reserved == 0 || reserved == WebSocketFrame.compressed && mayCompress else {
            throw Fault(code: 1002, reason: "reserved bit")
        }
        isFinal = byte & 0x80 != 0
        opcode = byte & 0x0F
        let isUnderWay = messageOpcode != WebSocketFrame.Opcode.continuation
        switch opcode {
        case WebSocketFrame.Opcode.continuation:
            guard isUnderWay else { throw Fault(code: 1002, reason: "continuation of nothing") }
        case WebSocketFrame.Opcode.text, WebSocketFrame.Opcode.binary:
            guard !isUnderWay else { throw Fault(code: 1002, reason: "message inside a message") }
        case WebSocketFrame.Opcode.close, WebSocketFrame.Opcode.ping, WebSocketFrame.Opcode.pong:
            guard isFinal else { throw Fault(code: 1002, reason: "fragmented control frame") }
        default:
            throw Fault(code: 1002, reason: "reserved opcode")
        }
        if opcode == WebSocketFrame.Opcode.text || opcode == WebSocketFrame.Opcode.binary {
            isCompressed = reserved != 0
        } else if reserved != 0 {
            throw Fault(code: 1002, reason: "reserved bit")
        }
        stage = .second
    }

    private mutating func second(_ byte: UInt8) throws(Fault) {
        guard byte & 0x80 != 0 else { throw Fault(code: 1002, reason: "frame without a mask") }
        let short = byte & 0x7F
        guard !isControl || short <= WebSocketFrame.maxControlBytes else {
            throw Fault(code: 1002, reason: "control frame too long")
        }
        if short < 126 {
            remaining = UInt64(short)
            lengthBytes = 0
            try lengthEnded()
        } else {
            remaining = 0
            lengthBytes = short == 126 ? 2 : 8
            missing = lengthBytes
            stage = .length
        }
    }

    private mutating func lengthEnded() throws(Fault) {
        let isMinimal = lengthBytes == 0 || remaining > (lengthBytes == 2 ? 125 : 0xFFFF)
        guard isMinimal, remaining >> 63 == 0 else { throw Fault(code: 1002, reason: "malformed length") }
        if !isControl {
            guard remaining <= UInt64(max(maxHeldBytes - message.count, 0)) else {
                throw Fault(code: 1009, reason: "message too big")
            }
            guard fragments < maxFragments else { throw Fault(code: 1009, reason: "too many fragments") }
        }
        missing = 4
        stage = .mask
    }

    /// What does not shrink grows by 5 bytes in each 16 kB block at most (RFC 1951, 3.2.4); twice that passes.
    private var maxHeldBytes: Int {
        isCompressed ? maxMessageBytes + maxMessageBytes / 1024 + 64 : maxMessageBytes
    }

    private var isControl: Bool { opcode & 0x8 != 0 }

    // MARK: Payload

    private mutating func payload(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        if isControl {
            Self.append(bytes, to: &control, unmaskedWith: mask)
        } else {
            let start = message.count
            Self.append(bytes, to: &message, unmaskedWith: mask)
            if isText, !isCompressed {
                let isValid = message.withUnsafeBytes {
                    utf8.accept(UnsafeRawBufferPointer(rebasing: $0[start...]))
                }
                guard isValid else { throw Fault(code: 1007, reason: "invalid UTF-8") }
            }
        }
        remaining -= UInt64(bytes.count)
        let turn = UInt32(bytes.count % 4) * 8
        mask = mask >> turn | mask << ((32 - turn) % 32)
    }

    private var isText: Bool {
        messageOpcode == WebSocketFrame.Opcode.text || opcode == WebSocketFrame.Opcode.text
    }

    /// Eight bytes at a time; `key` holds the next byte of the mask lowest.
    private static func append(
        _ bytes: UnsafeRawBufferPointer, to array: inout [UInt8], unmaskedWith key: UInt32
    ) {
        let start = array.count
        array.append(contentsOf: bytes)
        let wide = (UInt64(key) << 32 | UInt64(key)).littleEndian
        array.withUnsafeMutableBytes { whole in
            var index = start
            while whole.count - index >= 8 {
                let word = whole.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                whole.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < whole.count {
                whole[index] ^= UInt8(truncatingIfNeeded: key >> (UInt32((index - start) % 4) * 8))
                index += 1
            }
        }
    }

    private mutating func frameEnded(_ events: inout [Event], _ codec: (any DeflateCodec)?) throws(Fault) {
        stage = .first
        if isControl { return try controlEnded(&events) }
        if opcode != WebSocketFrame.Opcode.continuation { messageOpcode = opcode }
        fragments += 1
        guard isFinal else { return }
        let isText = messageOpcode == WebSocketFrame.Opcode.text
        if isCompressed, let codec { try inflate(with: codec, isText: isText) }
        guard !isText || utf8.isComplete else { throw Fault(code: 1007, reason: "invalid UTF-8") }
        events.append(isText ? .text(message) : .binary(message))
        message = []
        fragments = 0
        messageOpcode = WebSocketFrame.Opcode.continuation
    }

    private mutating func inflate(with codec: any DeflateCodec, isText: Bool) throws(Fault) {
        do throws(InflateFault) {
            message = try codec.inflate(message, atMost: maxMessageBytes)
        } catch .tooBig {
            throw Fault(code: 1009, reason: "message too big")
        } catch {
            throw Fault(code: 1007, reason: "invalid compressed data")
        }
        guard !isText || message.withUnsafeBytes({ utf8.accept($0) }) else {
            throw Fault(code: 1007, reason: "invalid UTF-8")
        }
    }

    private mutating func controlEnded(_ events: inout [Event]) throws(Fault) {
        let payload = control
        control = []
        switch opcode {
        case WebSocketFrame.Opcode.ping: events.append(.ping(payload))
        case WebSocketFrame.Opcode.pong: events.append(.pong(payload))
        default:
            events.append(try Self.close(payload))
            end()
        }
    }

    /// - Source: RFC 6455, 5.5.1 and 7.4; 1012 to 1014 are in IANA's registry.
    private static func close(_ payload: [UInt8]) throws(Fault) -> Event {
        if payload.isEmpty { return .close(code: nil, reason: []) }
        guard payload.count >= 2 else { throw Fault(code: 1002, reason: "half a close code") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw Fault(code: 1002, reason: "invalid close code")
        }
        let reason = Array(payload[2...])
        var utf8 = UTF8Validator()
        guard reason.withUnsafeBytes({ utf8.accept($0) }), utf8.isComplete else {
            throw Fault(code: 1007, reason: "invalid UTF-8")
        }
        return .close(code: code, reason: reason)
    }
}
