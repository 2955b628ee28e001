/// Why a text is no 0.9 packet. The reference ignores such texts, and the connection stays.
package enum PacketV09Error: Error, Equatable, Sendable {
    case unknownType
    case illegalID
    /// No second colon.
    case endsTooSoon
    case longerEndpoint(than: Int)
    /// An acknowledgement of nothing.
    case acknowledgesNothing
}

extension PacketV09 {
    /// - Limits: endpoint, digits of an id and JSON as for ``SocketPacket``.
    /// - Errors: ``PacketV09Error``, the peer's fault and to be ignored. Broken data is none, as in the
    ///   reference: an event then has no name, an ack no arguments, and JSON reads as false. What is not
    ///   UTF-8 reads as U+FFFD.
    package static func decode(
        _ text: ArraySlice<UInt8>, limits: SocketPacketLimits = .init()
    ) throws(PacketV09Error) -> PacketV09 {
        var rest = text
        guard let type = rest.popFirst(), (0x30...0x38).contains(type), rest.popFirst() == UInt8(ascii: ":")
        else {
            throw .unknownType
        }
        let acknowledgement = try takeAcknowledgement(from: &rest, maxDigits: limits.maxIDDigits)
        let endpoint = rest.prefix { $0 != UInt8(ascii: ":") }
        guard endpoint.count <= limits.maxNamespaceBytes else {
            throw .longerEndpoint(than: limits.maxNamespaceBytes)
        }
        let data = rest[endpoint.endIndex...].dropFirst()
        return PacketV09(
            try content(type - 0x30, data, limits), endpoint: String(decoding: endpoint, as: UTF8.self),
            acknowledgement: acknowledgement)
    }

    /// Up to and with the second colon. Zeros in front of an id are kept: it goes back as it came.
    private static func takeAcknowledgement(
        from rest: inout ArraySlice<UInt8>, maxDigits: Int
    ) throws(PacketV09Error) -> Acknowledgement? {
        let digits = rest.prefix { $0.isDigit }
        rest = rest[digits.endIndex...]
        let isByApplication = rest.first == UInt8(ascii: "+")
        if isByApplication { rest = rest.dropFirst() }
        guard let colon = rest.popFirst() else { throw .endsTooSoon }
        guard colon == UInt8(ascii: ":"), digits.count <= maxDigits else { throw .illegalID }
        if digits.isEmpty { return nil }
        let id = String(decoding: digits, as: UTF8.self)
        return isByApplication ? .byApplication(id: id) : .automatic(id: id)
    }

    private static func content(
        _ type: UInt8, _ data: ArraySlice<UInt8>, _ limits: SocketPacketLimits
    ) throws(PacketV09Error) -> Content {
        switch type {
        case 0: return .disconnect
        case 1: return .connect(query: String(decoding: data, as: UTF8.self))
        case 2: return .heartbeat
        case 3: return .message(String(decoding: data, as: UTF8.self))
        case 4: return .json(json(data, limits) ?? .bool(false))
        case 5:
            let event = json(data, limits)
            var name: String?
            if case .string(let text)? = event?["name"] { name = text }
            return .event(name: name, arguments: arguments(event?["args"]))
        case 6: return try ack(data, limits)
        case 7:
            let numbers = data.split(
                separator: UInt8(ascii: "+"), maxSplits: 1, omittingEmptySubsequences: false)
            return .error(
                numbers.first.flatMap(number).flatMap(Reason.init),
                numbers.dropFirst().first.flatMap(number).flatMap(Advice.init))
        default: return .noop
        }
    }

    /// `id`, `id+[…]`; the plus may be missing, as in the reference.
    private static func ack(
        _ data: ArraySlice<UInt8>, _ limits: SocketPacketLimits
    ) throws(PacketV09Error) -> Content {
        let id = data.prefix { $0.isDigit }
        guard !id.isEmpty else { throw .acknowledgesNothing }
        guard id.count <= limits.maxIDDigits else { throw .illegalID }
        var rest = data[id.endIndex...]
        if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return .ack(id: String(decoding: id, as: UTF8.self), arguments: arguments(json(rest, limits)))
    }

    private static func json(_ data: ArraySlice<UInt8>, _ limits: SocketPacketLimits) -> JSON? {
        try? JSON.parse(data, maxDepth: limits.maxJSONDepth, maxValues: limits.maxJSONValues)
    }

    /// What is not an array is passed as one argument.
    private static func arguments(_ json: JSON?) -> [JSON] {
        switch json {
        case nil: []
        case .array(let elements)?: elements
        case let value?: [value]
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt8? {
        UInt8(String(decoding: digits, as: UTF8.self))
    }
}
