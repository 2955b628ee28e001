/// Engine.IO 3 packets. The digits are those of Engine.IO 4, bytes are written otherwise: as a binary frame
/// with the type as its first byte, or as text `b`, the type digit and base 64.
///
/// - Errors: ``EnginePacketError``, always the peer's fault; the reference ends the connection.
/// - Source: engine.io-parser 2 `lib/index.js`.
package enum EnginePacketV3 {
    /// The type of a message in binary framing: a number, not a digit.
    static let message: UInt8 = 4

    /// A text frame, or a packet of a text payload.
    ///
    /// - Parameter undoesDoubleUTF8: text of a message that must have been encoded twice is decoded once
    ///   more; see ``DoubleUTF8``.
    package static func decode(
        _ text: ArraySlice<UInt8>, undoesDoubleUTF8: Bool = true
    ) throws(EnginePacketError) -> EnginePacket {
        if text.first == UInt8(ascii: "b") {
            let type = text.dropFirst().first
            guard type == UInt8(ascii: "4") else { throw .unknownType(type ?? UInt8(ascii: "b")) }
            return .binary(Base64.decode(text.dropFirst(2)))
        }
        let packet = try EnginePacket.decode(text)
        if undoesDoubleUTF8, case .message(let data) = packet { return .message(DoubleUTF8.undone(data)) }
        return packet
    }

    /// A binary frame. Nil for all but messages: the reference ignores the others.
    package static func decode(binary frame: ArraySlice<UInt8>) -> EnginePacket? {
        frame.first == message ? .binary(Array(frame.dropFirst())) : nil
    }

    /// The text form, for text frames and text payloads.
    package static func text(_ packet: EnginePacket) -> [UInt8] {
        if case .binary(let data) = packet { return Array("b4".utf8) + Base64.encode(data) }
        return packet.encoded()
    }

    /// The binary frame of a message of bytes.
    package static func binary(_ data: [UInt8]) -> [UInt8] { [message] + data }
}
