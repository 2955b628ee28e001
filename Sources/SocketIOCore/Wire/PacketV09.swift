/// A Socket.IO 0.9 packet.
///
///     type ":" [id ["+"]] ":" [endpoint] [":" data]
///
/// - Source: socket.io-spec (protocol 1); socket.io 0.9 `lib/parser.js`.
package struct PacketV09: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// For the default endpoint: the end of the whole connection.
        case disconnect
        /// The query begins with its question mark; "" when there is none.
        case connect(query: String)
        case heartbeat
        case message(String)
        case json(JSON)
        /// Without a name nothing is dispatched, but an automatic acknowledgement is still due.
        case event(name: String?, arguments: [JSON])
        case ack(id: String, arguments: [JSON])
        case error(Reason?, Advice?)
        case noop
    }

    package enum Reason: UInt8, CaseIterable, Sendable {
        case transportNotSupported, clientNotHandshaken, unauthorized
    }

    package enum Advice: UInt8, CaseIterable, Sendable {
        case reconnect
    }

    /// Who answers a packet that carries an id.
    package enum Acknowledgement: Equatable, Sendable {
        /// The receiver, as soon as the packet arrives: `6:::id`.
        case automatic(id: String)
        /// The application, with arguments: `6:::id+[…]`.
        case byApplication(id: String)
    }

    /// "" is the default one; others begin with a slash, and hold no colon.
    package var endpoint: String
    package var acknowledgement: Acknowledgement?
    package var content: Content

    package init(_ content: Content, endpoint: String = "", acknowledgement: Acknowledgement? = nil) {
        self.content = content
        self.endpoint = endpoint
        self.acknowledgement = acknowledgement
    }

    // MARK: Writing

    /// - Parameter ascii: writes letters above U+007F in JSON as `\uXXXX`; the text of a message has no
    ///   escapes.
    package func encoded(ascii: Bool = false) -> [UInt8] {
        let id =
            switch acknowledgement {
            case nil: ""
            case .automatic(let id): id
            case .byApplication(let id): id + "+"
            }
        var bytes = Array("\(type):\(id):\(endpoint)".utf8)
        let data = data(ascii: ascii)
        if !data.isEmpty { bytes += [UInt8(ascii: ":")] + data }
        return bytes
    }

    private var type: Int {
        switch content {
        case .disconnect: 0
        case .connect: 1
        case .heartbeat: 2
        case .message: 3
        case .json: 4
        case .event: 5
        case .ack: 6
        case .error: 7
        case .noop: 8
        }
    }

    private func data(ascii: Bool) -> [UInt8] {
        switch content {
        case .disconnect, .heartbeat, .noop:
            return []
        case .connect(let query):
            return Array(query.utf8)
        case .message(let text):
            return Array(text.utf8)
        case .json(let json):
            return json.bytes(ascii: ascii)
        case .event(let name, let arguments):
            var members = name.map { [JSON.Member("name", .string($0))] } ?? []
            if !arguments.isEmpty { members.append(JSON.Member("args", .array(arguments))) }
            return JSON.object(members).bytes(ascii: ascii)
        case .ack(let id, let arguments):
            return Array(id.utf8)
                + (arguments.isEmpty ? [] : [UInt8(ascii: "+")] + JSON.array(arguments).bytes(ascii: ascii))
        case .error(let reason, let advice):
            return Array((reason.map { "\($0.rawValue)" } ?? "").utf8)
                + Array((advice.map { "+\($0.rawValue)" } ?? "").utf8)
        }
    }
}
