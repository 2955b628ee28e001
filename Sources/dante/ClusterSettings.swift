internal import Logging
internal import SocketIORedis
internal import SocketIOServer

/// Several processes as one server.
struct ClusterSettings: Sendable, Equatable {
    /// `nil`: this process is alone.
    var redis: RedisAddress?
    var passwordFile: String?
    /// `nil`: the authorities that the machine trusts.
    var authorities: String?
    /// Of every channel and key.
    var prefix = ""
    /// `nil`: no servers of python-socketio take part.
    var pythonChannel: String?
    var isRequired = Settings.OnOff.off
    var timeout = Duration.zero
    var maxWaiting = 0
    var maxWaitingBytes = 0
    /// `nil`: where the listener listens.
    var nodeAddress: NodeAddress?
    /// `nil`: others come where clients do.
    var relayAddress: NodeAddress?
    var relayTimeout = Duration.zero
    var maxIdleRelays = 0
}

extension ClusterSettings {
    /// What joins this process with the others; nil when it is alone.
    ///
    /// - Throws: ``StartError`` when the password cannot be read, or the build lacks TLS.
    func adapter(logger: Logger) throws(StartError) -> RedisAdapter? {
        guard var address = redis else { return nil }
        if let passwordFile {
            let bytes = try FileSystem.read(passwordFile)
            // Editors end a file with a line end, which no password has.
            let text = String(decoding: bytes, as: UTF8.self)
            address.password = String(text.prefix { $0 != "\n" && $0 != "\r\n" && $0 != "\r" })
        }
        address.authorities = authorities
        var options = RedisAdapter.Options()
        options.prefix = prefix
        options.pythonChannel = pythonChannel
        options.limits.connectTimeout = timeout
        options.limits.commandTimeout = timeout
        options.limits.maxWaitingCommands = maxWaiting
        options.limits.maxWaitingBytes = maxWaitingBytes
        do throws(RedisAddressError) {
            return try RedisAdapter(address, options: options, logger: logger)
        } catch {
            throw StartError("cannot use --redis: \(error)", exitCode: authorities == nil ? 64 : 78)
        }
    }

    /// - Errors: ``UsageError``: a setting lacks the one it goes with.
    func checkTogether() throws(UsageError) {
        guard authorities != nil, redis?.isEncrypted != true else { return }
        throw UsageError("--redis-ca is of use with --redis rediss://… only, which is Redis over TLS")
    }

    /// The answer to `/readyz` while Redis is away: that of a server that is fine but says so, or one that wants no
    /// new clients. Nil while Redis is there.
    func readiness(_ adapter: RedisAdapter) -> Response? {
        if adapter.isUp { return nil }
        return isRequired == .on
            ? .text(503, "Redis is away\n") : .text(200, "ok, but Redis is away: other nodes are not heard\n")
    }
}

extension Server {
    /// Joins the cluster over `adapter`.
    mutating func join(_ adapter: RedisAdapter, _ settings: ClusterSettings) {
        self.adapter = adapter
        nodes = adapter.nodes
        page = { [page] name, request in
            guard name == "readyz", let answer = settings.readiness(adapter) else {
                return page(name, request)
            }
            return .counted { $0.isDraining ? .text(503, "stopping\n") : answer }
        }
    }
}

extension SettingTable {
    static let cluster = [
        Setting(
            "redis", \.cluster.redis, .redis, unset: "this process is alone",
            variables: ["REDIS_URL"], in: .cluster,
            help:
                "What joins several processes: their broadcasts, and requests that land on another one than "
                + "their session's."),
        Setting(
            "redis-password-file", \.cluster.passwordFile, .path(placeholder: "FILE"), unset: "as in the URL",
            in: .cluster, help: "A file whose first line is the password of Redis."),
        Setting(
            "redis-ca", \.cluster.authorities, .path(placeholder: "FILE"),
            unset: "those that this machine trusts", in: .cluster,
            help: "Certificates (PEM) of which one must have signed that of a Redis at rediss://."),
        Setting(
            "redis-prefix", \.cluster.prefix, .channel, default: "socket.io", in: .cluster,
            help:
                "The beginning of every channel and key in Redis, the same on all servers; the key of Socket.IO's "
                + "own adapter."),
        Setting(
            "redis-python", \.cluster.pythonChannel, .channel, unset: "none of its servers take part",
            in: .cluster, help: "The channel of python-socketio's Redis manager, socketio by its own default."
        ),
        Setting(
            "redis-required", \.cluster.isRequired, .choice(placeholder: "SWITCH"), default: "off",
            in: .cluster,
            help: "Whether /readyz answers 503 while Redis is away."),
        Setting(
            "redis-timeout", \.cluster.timeout, timeout, default: "5s", in: .cluster,
            help: "For a connection to Redis, and for each of its answers."),
        Setting(
            "redis-max-messages", \.cluster.maxWaiting, .integer(1...10_000_000), default: "10000",
            in: .cluster,
            help: "Messages to other nodes that wait while Redis is away; more are lost."),
        Setting(
            "redis-max-bytes", \.cluster.maxWaitingBytes, .bytes(1024...gibibyte), default: "16777216",
            in: .cluster, help: "Bytes of these messages; more are lost."),
        Setting(
            "node-address", \.cluster.nodeAddress, .node,
            unset: "--relay-address, or where it listens, or 127.0.0.1",
            in: .cluster,
            help: "Where the other nodes reach this one."),
        Setting(
            "relay-address", \.cluster.relayAddress, .relay, unset: "others come where clients do",
            in: .cluster,
            help:
                "A second port, in plain HTTP, for the other nodes alone; needed with --tls-certificate and with "
                + "--share-port on."),
        Setting(
            "relay-timeout", \.cluster.relayTimeout, timeout, default: "2s", in: .cluster,
            help: "For a connection to another node; behind it the session counts as gone."),
        Setting(
            "max-idle-relays", \.cluster.maxIdleRelays, .integer(0...100_000), default: "64", in: .cluster,
            help: "Idle connections that each event loop keeps to each other node."),
    ]
}

extension SettingValue where Value == RedisAddress {
    static var redis: Self {
        Self(
            placeholder: "URL", noun: "redis://[user:password@]host[:port][/database], or rediss:// for TLS",
            limits: ""
        ) { try? RedisAddress(url: $0) }
    }
}

extension SettingValue where Value == String {
    /// The beginning of a channel's name in Redis; what means something in a pattern is left out.
    static var channel: Self {
        Self(placeholder: "NAME", noun: "1 to 64 letters, digits and -._:", limits: "") { text in
            let isName = text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "-._:".utf8.contains(byte)
            }
            return isName && (1...64).contains(text.utf8.count) ? text : nil
        }
    }
}

extension SettingValue where Value == NodeAddress {
    /// Where to listen, so that the port may be any free one.
    static var relay: Self {
        Self(
            placeholder: "HOST:PORT",
            noun: "an address or a host name, a colon and a port, or 0 for any free one",
            limits: ""
        ) { text in
            if let address = NodeAddress(text) { return address }
            guard text.hasSuffix(":0"), var address = NodeAddress(text.dropLast() + "1") else { return nil }
            address.port = 0
            return address
        }
    }

    static var node: Self {
        Self(placeholder: "HOST:PORT", noun: "an address or a host name, a colon and a port", limits: "") {
            NodeAddress($0)
        }
    }
}
