/// Where a node of the cluster takes connections.
public struct NodeAddress: Hashable, Sendable {
    /// A name or an IP address; of IPv6 without its brackets.
    public var host: String
    /// From 1 to 65535.
    public var port: Int

    /// An address of those two.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, the host in brackets where it has colons. Nil when it is none.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.allSatisfy({ $0 != "/" && $0 != " " && $0 != "[" && $0 != "]" }) else {
            return nil
        }
        self.init(host: String(host), port: port)
    }

    /// As ``init(_:)`` reads it.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The nodes of a cluster, so that a request that lands on the wrong one finds the node that owns its session.
public protocol NodeDirectory: Sendable {
    /// Called once, before the first connection.
    ///
    /// - Returns: this node's number, which no other living node has, not 0.
    func join() async -> UInt16

    /// This node takes connections there from now on.
    func announce(_ address: NodeAddress) async

    /// Where a node takes connections; nil when there is none of that number. Answers soon, also while the others
    /// cannot be asked: then what was last known counts.
    func address(of node: UInt16) async -> NodeAddress?

    /// What shows another node that a request comes from one of the cluster; nil while it is not known.
    var secret: String? { get }

    /// The number is free for others.
    func leave() async
}
