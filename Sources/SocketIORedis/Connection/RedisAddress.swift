internal import SocketIOCore

/// Where a Redis server is, and who asks: `redis://[user:password@]host[:port][/db]`.
public struct RedisAddress: Equatable, Sendable {
    /// A name or an IP address; of IPv6 without its brackets.
    public var host: String
    /// From 1 to 65535.
    public var port: Int
    /// Nil: the default user, which is all there was before Redis 6.
    public var user: String?
    /// Nil: none is shown.
    public var password: String?
    /// By its number, from 0. Publish and subscribe knows no databases: only the nodes' leases lie in it.
    public var database: Int
    /// `rediss://`: over TLS.
    public var isEncrypted: Bool
    /// A file of certificates (PEM): the authorities of which one must have signed the server's. Nil: those that
    /// this machine trusts. Of use with TLS only, and not part of the URL.
    public var authorities: String?

    /// An address; by default that of a Redis on this machine, as it is when nothing has been set up.
    public init(
        host: String = "127.0.0.1", port: Int = 6379, user: String? = nil, password: String? = nil,
        database: Int = 0, isEncrypted: Bool = false
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.isEncrypted = isEncrypted
    }

    /// Reads the form that Redis' own clients read. User and password may be percent-encoded.
    ///
    /// - Errors: ``RedisAddressError``, the operator's; it does not repeat the URL, which holds a password.
    public init(url: String) throws(RedisAddressError) {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else {
            throw RedisAddressError("it must begin with redis:// or rediss://")
        }
        switch url[..<colon].lowercased() {
        case "redis": isEncrypted = false
        case "rediss": isEncrypted = true
        default: throw RedisAddressError("it must begin with redis:// or rediss://")
        }
        let rest = url[url.index(colon, offsetBy: 3)...].prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        let at = authority.lastIndex(of: "@")
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        (user, password) = Self.credentials(at.map { authority[..<$0] } ?? "")
        (host, port) = try Self.place(place)
        let path = rest.dropFirst(authority.count).drop { $0 == "/" }
        guard path.isEmpty || Int(path).map({ $0 >= 0 }) == true else {
            throw RedisAddressError("behind the last slash stands a database, a whole number from 0")
        }
        database = Int(path) ?? 0
    }

    private static func credentials(_ text: Substring) -> (user: String?, password: String?) {
        func decoded(_ text: Substring) -> String? {
            text.isEmpty
                ? nil
                : String(decoding: Query.percentDecoded(text.utf8, plusIsBlank: false), as: UTF8.self)
        }
        let user = text.prefix { $0 != ":" }
        return (decoded(user), decoded(text.dropFirst(user.count).dropFirst()))
    }

    private static func place(_ text: Substring) throws(RedisAddressError) -> (host: String, port: Int) {
        let isBracketed = text.first == "["
        let host = text.prefix { $0 != (isBracketed ? "]" : ":") }
        let rest = text.dropFirst(host.count + (isBracketed ? 1 : 0))
        guard rest.isEmpty || rest.first == ":",
            let port = rest.isEmpty ? 6379 : Int(rest.dropFirst()), (1...65_535).contains(port)
        else { throw RedisAddressError("the port must be a whole number from 1 to 65535") }
        let name = isBracketed ? host.dropFirst() : host
        return (name.isEmpty ? "127.0.0.1" : String(name), port)
    }
}

/// What is wrong with the URL of a Redis server, as a sentence's end.
public struct RedisAddressError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
