/// Where a listener listens, and what one connection may cost.
public struct ListenerSettings: Sendable {
    public var host = "0.0.0.0"
    /// 0 takes any free port.
    public var port = 8888
    /// Event loops; 0: one a core.
    public var threads = 0
    /// Proxies whose word on the client's address, scheme and host is taken (`X-Forwarded-For`, `Forwarded`).
    public var trustedProxies: [AddressRange] = []
    /// Bytes of a request head, and of any one of its fields.
    public var maxHead = 16_384
    /// From the opening of a connection to the end of its first request's head.
    public var headTimeout: Duration = .seconds(10)
    /// From the end of a head to the end of its body.
    public var bodyTimeout: Duration = .seconds(20)
    /// From an answer to the end of the next request's head.
    public var idleTimeout: Duration = .seconds(75)
    /// From our close frame, or the last byte of an answer that ends its connection, to the end of the connection.
    public var goodbyeTimeout: Duration = .seconds(2)
    /// Connections in all; 0: as many as the limit of open files leaves room for.
    public var maxConnections = 0
    /// From the beginning of a shutdown to its end, whoever is still there.
    public var shutdownTimeout: Duration = .seconds(5)

    public init() {}
}
