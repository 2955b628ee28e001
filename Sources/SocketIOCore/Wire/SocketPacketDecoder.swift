/// What a client may make long in a Socket.IO packet.
package struct SocketPacketLimits: Sendable {
    package var maxAttachments = 10
    /// All attachments of one packet together. The reference has no such limit.
    package var maxAttachmentBytes = 10_000_000
    package var maxJSONDepth = 64
    package var maxJSONValues = 100_000
    package var maxNamespaceBytes = 255
    package var maxIDDigits = 32

    package init() {}
}

/// Why a Socket.IO packet is refused. Always the peer's fault; the reference closes the connection with the
/// reason "parse error".
package enum SocketPacketError: Error, Equatable, Sendable {
    case unknownKind(UInt8)
    /// A binary kind without a count and a dash.
    case illegalCount
    case moreAttachments(than: Int)
    case moreAttachmentBytes(than: Int)
    case longerNamespace(than: Int)
    case invalidNamespace
    case illegalID
    case json(JSONError)
    /// Good JSON that this kind of packet may not carry.
    case illegalData
    case illegalPlaceholder
    case textWhileAttachmentsAreAwaited
    case unexpectedAttachment
}

/// Puts Socket.IO packets together from Engine.IO messages: one text, then as many binary ones as it
/// announces.
///
///     idle ──text with a count──▶ awaiting ──last attachment──▶ idle
///
/// After an error it is idle again; the reference ends the connection.
///
/// - Source: socket.io-parser 4.2 `lib/index.ts`, `Decoder`; for Engine.IO 3, socket.io-parser 3.4
///   `index.js`.
package struct SocketPacketDecoder: Sendable {
    /// Indirect, so that a client who sends no attachments pays one word.
    private indirect enum State: Sendable {
        case idle
        case awaiting(SocketPacket, count: Int, attachments: [[UInt8]], byteCount: Int)
    }

    private var state = State.idle
    /// Nil for the usual ones, so that they take no room in every client.
    private let ownLimits: Limits?
    private let isRevision3: Bool

    private final class Limits: Sendable {
        static let usual = SocketPacketLimits()
        let value: SocketPacketLimits
        init(_ value: SocketPacketLimits) { self.value = value }
    }

    private var limits: SocketPacketLimits { ownLimits?.value ?? Limits.usual }

    /// - Parameter revision3: reads as Socket.IO 1 and 2 do, over Engine.IO 3: no event name is reserved, and
    ///   CONNECT and ERROR take any array or object.
    package init(limits: SocketPacketLimits? = nil, revision3: Bool = false) {
        ownLimits = limits.map { Limits($0) }
        isRevision3 = revision3
    }

    /// A text message. Nil: attachments must follow. Binary events and acks are returned as events and acks.
    package mutating func text(_ bytes: ArraySlice<UInt8>) throws(SocketPacketError) -> SocketPacket? {
        if case .awaiting = state {
            state = .idle
            throw .textWhileAttachmentsAreAwaited
        }
        var rest = bytes
        let written = try takeKind(from: &rest)
        let isBinary = written == .binaryEvent || written == .binaryAck
        let count = isBinary ? try takeCount(from: &rest) : 0
        let kind: SocketPacket.Kind =
            switch written {
            case .binaryEvent: .event
            case .binaryAck: .ack
            default: written
            }
        let namespace = try takeNamespace(from: &rest)
        let packet = SocketPacket(
            kind, namespace: namespace, id: try takeID(from: &rest), data: try json(rest, in: kind))
        if count == 0 { return packet }
        state = .awaiting(packet, count: count, attachments: [], byteCount: 0)
        return nil
    }

    /// A binary message. Nil: more must follow.
    package mutating func binary(_ bytes: [UInt8]) throws(SocketPacketError) -> SocketPacket? {
        guard case .awaiting(var packet, let count, var attachments, var byteCount) = state else {
            throw .unexpectedAttachment
        }
        state = .idle
        attachments.append(bytes)
        byteCount += bytes.count
        guard byteCount <= limits.maxAttachmentBytes else {
            throw .moreAttachmentBytes(than: limits.maxAttachmentBytes)
        }
        if attachments.count < count {
            state = .awaiting(packet, count: count, attachments: attachments, byteCount: byteCount)
            return nil
        }
        packet.data = try packet.data?.attached(attachments)
        return packet
    }

    // MARK: Parts

    /// An empty text is a CONNECT, as in the reference, whose `Number("")` is 0.
    private func takeKind(from rest: inout ArraySlice<UInt8>) throws(SocketPacketError) -> SocketPacket.Kind {
        guard let digit = rest.popFirst() else { return .connect }
        guard let kind = SocketPacket.Kind(rawValue: digit &- 0x30) else { throw .unknownKind(digit) }
        return kind
    }

    /// The digits up to the dash; none are 0, as in the reference.
    private func takeCount(from rest: inout ArraySlice<UInt8>) throws(SocketPacketError) -> Int {
        let digits = rest.prefix { $0.isDigit }
        rest = rest[digits.endIndex...]
        guard rest.popFirst() == UInt8(ascii: "-") else { throw .illegalCount }
        if digits.isEmpty { return 0 }
        // Too many digits for an Int are too many attachments.
        guard let count = Int(String(decoding: digits, as: UTF8.self)), count <= limits.maxAttachments else {
            throw .moreAttachments(than: limits.maxAttachments)
        }
        return count
    }

    /// From a slash to the first comma, or to the end.
    private func takeNamespace(from rest: inout ArraySlice<UInt8>) throws(SocketPacketError) -> String {
        guard rest.first == UInt8(ascii: "/") else { return "/" }
        let name = rest.prefix { $0 != UInt8(ascii: ",") }
        rest = rest[name.endIndex...].dropFirst()
        guard name.count <= limits.maxNamespaceBytes else {
            throw .longerNamespace(than: limits.maxNamespaceBytes)
        }
        guard let namespace = String(validating: name, as: UTF8.self) else { throw .invalidNamespace }
        return namespace
    }

    /// Digits. The reference takes blanks for digits, and blanks alone for 0; so a blank before the JSON asks
    /// for an ack with the id 0, and answering it does no harm.
    private func takeID(from rest: inout ArraySlice<UInt8>) throws(SocketPacketError) -> String? {
        let taken = rest.prefix { $0.isDigit || $0.isBlank }
        if taken.isEmpty { return nil }
        rest = rest[taken.endIndex...]
        let digits = taken.drop { $0.isBlank }.prefix { $0.isDigit }
        guard taken[digits.endIndex...].allSatisfy({ $0.isBlank }) else { throw .illegalID }
        guard digits.count <= limits.maxIDDigits else { throw .illegalID }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        return significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self)
    }

    private func json(
        _ rest: ArraySlice<UInt8>, in kind: SocketPacket.Kind
    ) throws(SocketPacketError) -> JSON? {
        if rest.isEmpty { return nil }
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(rest, maxDepth: limits.maxJSONDepth, maxValues: limits.maxJSONValues)
        } catch {
            throw .json(error)
        }
        guard isAllowed(json, in: kind) else { throw .illegalData }
        return json
    }

    /// - Source: socket.io-parser `isPayloadValid`.
    private func isAllowed(_ json: JSON, in kind: SocketPacket.Kind) -> Bool {
        switch (kind, json) {
        case (.connect, .object), (.connectError, .object), (.connectError, .string): true
        case (.connect, .array), (.connect, .null), (.connectError, .array), (.connectError, .null):
            isRevision3
        case (.event, .array(let arguments)), (.binaryEvent, .array(let arguments)):
            isEventName(arguments.first)
        case (.ack, .array), (.binaryAck, .array): true
        default: false
        }
    }

    private static let reservedNames: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    private func isEventName(_ json: JSON?) -> Bool {
        switch json {
        case .number: true
        case .string(let name): isRevision3 || !Self.reservedNames.contains(name)
        default: false
        }
    }
}
