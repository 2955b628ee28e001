public import SocketIO

/// Where a listener listens, and what one connection may cost.
public struct ListenerSettings: Sendable {
    /// The name or address of an interface; `0.0.0.0` for all with IPv4, `::` for all.
    public var host: String
    /// 0 takes any free port.
    public var port: Int
    /// Several processes may listen on the same port: the kernel gives each connection to one of them (socket(7),
    /// `SO_REUSEPORT`). They share no sessions, so this suits WebSockets and streams, whose one connection is all.
    public var sharesPort = false
    /// Event loops; 0: one a core.
    public var threads = 0
    /// Proxies whose word on the client's address, scheme and host is taken (`X-Forwarded-For`, `Forwarded`).
    public var trustedProxies: [AddressRange] = []
    /// Bytes of a request head, and of any one of its fields.
    public var maxHead = 16_384
    /// Header fields of one request; one more is answered 431.
    public var maxHeaderFields = 128
    /// Frames that one WebSocket message may consist of, so that empty ones do not go on for ever; one more closes
    /// the connection with 1009.
    public var maxFragments = 100_000
    /// From the opening of a connection to the end of its first request's head.
    public var headTimeout: Duration = .seconds(10)
    /// From the end of a head to the end of its body.
    public var bodyTimeout: Duration = .seconds(20)
    /// From the first byte of a WebSocket message to its last; behind it the connection is closed with 1008.
    public var messageTimeout: Duration = .seconds(20)
    /// From an answer to the end of the next request's head.
    public var idleTimeout: Duration = .seconds(75)
    /// From our close frame, or the last byte of an answer that ends its connection, to the end of the connection.
    public var goodbyeTimeout: Duration = .seconds(2)
    /// How long a client may take nothing of what waits for it, or be out of reach, before its connection ends.
    public var stallTimeout: Duration = .seconds(60)
    /// Bytes the kernel keeps for a client that does not take them; what is more waits in its place in the feed.
    /// Without a limit of ours it is megabytes a connection.
    public var sendBuffer = 262_144
    /// Connections in all; 0: as many as the limit of open files leaves room for.
    public var maxConnections = 0
    /// Connections of one address, or of one IPv6 /64; 0: no limit. Those of ``trustedProxies`` are not counted.
    public var maxConnectionsPerAddress = 0
    /// Speaks TLS, and nothing else, on the port; nil: plain HTTP. Needs the package trait `TLS`.
    public var tls: TLS?
    /// Offers permessage-deflate to WebSockets; nil: no. Needs the package trait `Compression`.
    public var compression: Compression?
    /// From the beginning of a shutdown: everything is served as ever, but ``Totals/isDraining`` is true, so that a
    /// balancer that asks for it sends no more readers.
    public var drainDelay: Duration = .zero
    /// Behind that, the time over which goodbyes are spread; shorter where there are few to be said.
    public var drainWindow: Duration = .seconds(5)
    /// Behind that, the time that connections have to end, whoever is still there.
    public var shutdownTimeout: Duration = .seconds(5)
    /// Where other nodes of the cluster reach this one; nil: at ``relayAddress``, or else at the address it listens on,
    /// or at this machine's own loopback where that is everywhere.
    public var nodeAddress: NodeAddress?
    /// Where this node listens for the other nodes and nobody else, in plain HTTP; nil: they come where clients do. It
    /// is needed where these speak TLS, or share their port with other processes. Port 0 takes any free one.
    public var relayAddress: NodeAddress?
    /// For a connection to another node, until it is accepted.
    public var relayTimeout: Duration = .seconds(2)
    /// Connections to each other node that one event loop keeps open without a request.
    public var maxIdleRelays = 64
    /// Nodes whose address one event loop asks for at a time; for others there is none meanwhile.
    public var maxNodeLookups = 64

    /// An address, and the defaults for the rest.
    public init(host: String = "0.0.0.0", port: Int = 8888) {
        self.host = host
        self.port = port
    }

    /// Files in PEM form, read when the listener starts and at ``Listener/reloadCertificate()``.
    public struct TLS: Sendable, Equatable {
        /// The server's certificate, and behind it the intermediate ones.
        public var certificate: String
        /// The certificate's private key.
        public var key: String

        /// Both by their paths.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// How WebSocket messages are compressed (RFC 7692).
    public struct Compression: Sendable, Equatable {
        /// Bytes of the shortest message that is; shorter ones gain little. Socket.IO: "threshold".
        public var threshold: Int

        /// Messages of that length, and longer ones.
        public init(threshold: Int = 1024) { self.threshold = threshold }
    }
}

/// A setting asks for what this build was made without.
public struct MissingTrait: Error, CustomStringConvertible {
    /// As the package names it.
    public let trait: String

    public var description: String {
        "this build was made without \(trait): build it with swift build --traits \(trait)"
    }
}
