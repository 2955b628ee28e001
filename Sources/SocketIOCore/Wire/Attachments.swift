/// Bytes inside events: they leave the JSON text, which keeps `{"_placeholder":true,"num":N}` in their place,
/// and travel behind it.
///
/// - Source: Socket.IO protocol 5, "Packets with binary content"; socket.io-parser 4 `lib/binary.ts`.
extension JSON {
    /// This value with a placeholder for each ``binary(_:)`` in it; the bytes are appended to `attachments`.
    package func detached(into attachments: inout [[UInt8]]) -> JSON {
        switch self {
        case .binary(let bytes):
            attachments.append(bytes)
            return .object([
                Member("_placeholder", .bool(true)), Member("num", .number(String(attachments.count - 1))),
            ])
        case .array(let elements):
            return .array(elements.map { $0.detached(into: &attachments) })
        case .object(let members):
            return .object(members.map { Member($0.key, $0.value.detached(into: &attachments)) })
        case .null, .bool, .number, .string:
            return self
        }
    }

    /// The reverse. Throws when a placeholder has no number, or one that no attachment has; the same
    /// attachment may be named several times, and the bytes are then shared.
    package func attached(_ attachments: [[UInt8]]) throws(SocketPacketError) -> JSON {
        switch self {
        case .array(let elements):
            return .array(
                try elements.map { element throws(SocketPacketError) in try element.attached(attachments) })
        case .object(let members):
            if self["_placeholder"] == .bool(true) {
                guard case .number(let text) = self["num"], let number = Int(text),
                    attachments.indices.contains(number)
                else { throw .illegalPlaceholder }
                return .binary(attachments[number])
            }
            return .object(
                try members.map { member throws(SocketPacketError) in
                    Member(member.key, try member.value.attached(attachments))
                })
        case .null, .bool, .number, .string, .binary:
            return self
        }
    }
}
