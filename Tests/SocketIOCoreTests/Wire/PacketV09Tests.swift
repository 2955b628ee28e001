import SocketIOCore
import Testing

extension PacketV09 {
    /// The packet a vector describes: `{type, endpoint, id?, ack?, …}`.
    init?(_ described: JSON) {
        let id = described["id"]?.text
        let acknowledgement: Acknowledgement? =
            switch (id, described["ack"]) {
            case (let id?, .string("data")): .byApplication(id: id)
            case (let id?, _): .automatic(id: id)
            default: nil
            }
        guard let content = Content(described) else { return nil }
        self.init(content, endpoint: described["endpoint"]?.text ?? "", acknowledgement: acknowledgement)
    }
}

extension PacketV09.Content {
    init?(_ described: JSON) {
        let arguments =
            switch described["args"] {
            case .array(let elements)?: elements
            case let value?: [value]
            case nil: [JSON]()
            }
        switch described["type"]?.text {
        case "disconnect": self = .disconnect
        case "connect": self = .connect(query: described["qs"]?.text ?? "")
        case "heartbeat": self = .heartbeat
        case "message": self = .message(described["data"]?.text ?? "")
        case "json": self = .json(described["data"] ?? .null)
        case "event": self = .event(name: described["name"]?.text, arguments: arguments)
        case "ack":
            guard let id = described["ackId"]?.text else { return nil }
            self = .ack(id: id, arguments: arguments)
        case "error":
            let reasons = ["transport not supported", "client not handshaken", "unauthorized"]
            self = .error(
                reasons.firstIndex(of: described["reason"]?.text ?? "")
                    .flatMap { PacketV09.Reason(rawValue: UInt8($0)) },
                described["advice"]?.text == "reconnect" ? .reconnect : nil)
        case "noop": self = .noop
        default: return nil
        }
    }
}

@Suite struct PacketV09Tests {
    @Test(arguments: Vector.load("socketio-0.9", "packet"))
    func writesAndReadsAsTheReference(vector: Vector) throws {
        let packet = try #require(PacketV09(vector.decoded))
        #expect(String(wire: packet.encoded()) == vector.encoded.text)
        #expect(try PacketV09.decode(vector.encoded.wire[...]) == packet)
    }

    @Test(arguments: Vector.load("socketio-0.9", "packet.decode"))
    func readsAsTheReference(vector: Vector) throws {
        let packet = try #require(PacketV09(vector.decoded))
        #expect(try PacketV09.decode(vector.encoded.wire[...]) == packet)
    }

    /// Acks without an id are refused here, which has the same effect: the reference has nobody to give them
    /// to.
    @Test(arguments: Vector.load("socketio-0.9", "packet.lenient"))
    func isAsLenientAsTheReference(vector: Vector) throws {
        if let packet = PacketV09(vector.decoded) {
            #expect(try PacketV09.decode(vector.encoded.wire[...]) == packet)
        } else {
            #expect(throws: PacketV09Error.acknowledgesNothing) {
                try PacketV09.decode(vector.encoded.wire[...])
            }
        }
    }

    @Test(arguments: Vector.load("socketio-0.9", "packet.invalid"))
    func refuses(vector: Vector) {
        #expect(throws: PacketV09Error.self) { try PacketV09.decode(vector.encoded.wire[...]) }
    }

    static let faults: [(String, PacketV09Error)] = [
        ("", .unknownType), ("5", .unknownType), ("9::", .unknownType), ("05::", .unknownType),
        ("5:", .endsTooSoon),
        ("5:1", .endsTooSoon), ("5:1+", .endsTooSoon), ("5:+1:", .illegalID), ("5:1 :", .illegalID),
        ("5:" + String(repeating: "1", count: 33) + "::", .illegalID),
        ("6:::" + String(repeating: "1", count: 33), .illegalID), ("6:::+[]", .acknowledgesNothing),
        ("1::/" + String(repeating: "x", count: 255), .longerEndpoint(than: 255)),
    ]

    @Test(arguments: faults)
    func refuses(text: String, why: PacketV09Error) {
        #expect(throws: why) { try PacketV09.decode(Array(text.utf8)[...]) }
    }

    @Test func jsonIsLimited() throws {
        let deep = "4:::" + String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(try PacketV09.decode(Array(deep.utf8)[...]).content == .json(.bool(false)))
    }

    @Test func writesNonASCIILettersAsEscapes() {
        let event = PacketV09(.event(name: "é", arguments: [.string("😀")]))
        #expect(String(wire: event.encoded(ascii: true)) == #"5:::{"name":"\u00e9","args":["\ud83d\ude00"]}"#)
    }

    @Test func whatIsNotUTF8ReadsAsTheReplacementCharacter() throws {
        let packet = try PacketV09.decode((Array("3:::a".utf8) + [0xFF])[...])
        #expect(packet.content == .message("a\u{FFFD}"))
    }
}
