public import SocketIOCore

/// What a client said of itself when it connected.
public struct Handshake: Sendable {
    /// The generation of the client's protocol. An application needs it for its statistics alone.
    public enum Generation: String, Sendable {
        /// Socket.IO 0.7 to 0.9.
        case v09 = "0.9"
        /// Socket.IO 1.0: Engine.IO 2.
        case v1 = "1"
        /// Socket.IO 1.1 to 2: Engine.IO 3.
        case v2 = "2"
        /// Socket.IO 3 and 4.
        case v4 = "4"
    }

    /// Told by what the client sends, and good for no decision.
    public let generation: Generation
    /// As they were sent, in their order.
    public let headers: [(name: String, value: String)]
    /// Path and query of the request that opened the connection.
    public let url: String
    /// The client's address, as text: behind a trusted proxy the one the proxy names, else the connection's. Empty
    /// where the connection has none.
    public let address: String
    /// The client speaks TLS, to this server or to a trusted proxy before it.
    public let isSecure: Bool
    /// Host and port that the client asked: from a trusted proxy, or as it wrote them; nil when it said none.
    public let host: String?
    /// The object of CONNECT, from Socket.IO 3 on.
    public let auth: JSON?
    /// The query of the namespace, before Socket.IO 3.
    let namespaceQuery: String
    let maxRooms: Int

    /// The first header of this name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.equalsIgnoringCase(name) }?.value
    }

    /// A parameter of the query: of the namespace's, where the client's generation has one, or of the connection's.
    public func parameter(_ name: String) -> String? {
        Query.first(name, in: namespaceQuery[...]) ?? Query.first(name, in: urlQuery)
    }

    /// What opened the connection, for rules that judge requests.
    var request: Request {
        var request = Request(method: "GET", target: url, headers: headers)
        request.isSecure = isSecure
        request.host = host
        return request
    }

    private var urlQuery: Substring { url.drop { $0 != "?" }.dropFirst().prefix { $0 != "#" } }

    /// With the names of Socket.IO's own `handshake`.
    var json: JSON {
        var members: [JSON.Member] = [
            .init("headers", .object(headers.map { .init($0.name.lowercased(), .string($0.value)) })),
            .init("url", .string(url)), .init("address", .string(address)), .init("secure", .bool(isSecure)),
        ]
        if let auth { members.append(.init("auth", auth)) }
        return .object(members)
    }
}

extension Handshake {
    init(of client: some Client, auth: JSON?, namespaceQuery: String) {
        generation = client.generation
        headers = client.request?.headers ?? []
        url = client.request?.target ?? ""
        address = client.request?.remoteAddress ?? ""
        isSecure = client.request?.isSecure ?? false
        host = client.request?.host
        self.auth = auth
        self.namespaceQuery = namespaceQuery
        maxRooms = client.shard.server.settings.maxRooms
    }
}
