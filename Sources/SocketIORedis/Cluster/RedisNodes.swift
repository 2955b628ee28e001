internal import Logging
public import SocketIO
internal import SocketIOCore
internal import Synchronization

/// The nodes of a cluster, each with a number it has leased in Redis, and its address.
///
/// | key | value | lives |
/// | --- | --- | --- |
/// | `socket.io-node#4711` | `uid host:port` | 15 s, renewed every 5 |
/// | `socket.io-node-secret` | what nodes show each other | as long as there are nodes |
///
/// While Redis is away the numbers stay with their nodes, and addresses are answered from what was known. A node that
/// has lost its lease meanwhile takes it again; that another has taken the number in between is one chance in 65,535
/// and is logged as an error.
public final class RedisNodes: NodeDirectory {
    private struct State {
        var number: UInt16 = 0
        var address: NodeAddress?
        var secret: String?
        /// What was found, or not found, and until when that is good.
        var known: [UInt16: (address: NodeAddress?, until: Instant)] = [:]
        var renewal: Task<Void, Never>?
    }

    static let lease: Duration = .seconds(15)
    static let renewInterval: Duration = .seconds(5)
    /// Addresses are asked for again after so long; a node that is not there sooner, for it may just have come.
    static let maxAge: Duration = .seconds(2)
    static let maxAgeOfAbsence: Duration = .milliseconds(500)
    /// Numbers come from clients: so many are remembered.
    static let maxKnown = 1_024

    private let link: RedisLink
    private let logger: Logger
    private let state = Mutex(State())

    init(_ link: RedisLink, logger: Logger) {
        self.link = link
        self.logger = logger
    }

    /// This node's own number; 0 before ``join()``.
    public var number: UInt16 { state.withLock { $0.number } }
    public var secret: String? { state.withLock { $0.secret } }

    // MARK: This node

    public func join() async -> UInt16 {
        link.start()
        await link.firstAttempt()
        // A few numbers may be taken; while Redis is away nobody can tell, and chance decides alone.
        for _ in 0..<64 {
            let number = UInt16.random(in: 1 ... .max)
            state.withLock { $0.number = number }
            if await take() != false { break }
        }
        let renewal = Task { [self] in
            while !Task.isCancelled {
                await renew()
                try? await Task.sleep(for: secret == nil ? .milliseconds(500) : Self.renewInterval)
            }
        }
        state.withLock { $0.renewal = renewal }
        await learnSecret()
        return number
    }

    public func announce(_ address: NodeAddress) async {
        state.withLock { $0.address = address }
        await renew()
    }

    public func leave() async {
        state.withLock { $0.renewal }?.cancel()
        let script =
            "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0"
        _ = try? await link.commands.ask("EVAL", script, "1", key(number), value)
    }

    /// False: the number is another's. Nil: Redis cannot be asked.
    private func take() async -> Bool? {
        let milliseconds = String(Self.lease.wholeMilliseconds)
        guard
            let answer = try? await link.commands.ask(
                "SET", key(number), value, "NX", "PX", milliseconds)
        else { return nil }
        return answer != .null
    }

    /// Keeps the number, with the newest address; takes it again when it was lost.
    private func renew() async {
        let script = """
            local owner = redis.call('GET',KEYS[1])
            if owner and string.sub(owner,1,string.len(ARGV[2])) ~= ARGV[2] then return 0 end
            redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[3]) return 1
            """
        do {
            let answer = try await link.commands.ask(
                "EVAL", script, "1", key(number), value, link.uid + " ",
                String(Self.lease.wholeMilliseconds))
            if answer == .integer(0) {
                logger.error("this node's number is another's too", metadata: ["node": "\(number)"])
            }
        } catch RedisFault.server(let reason) {
            // Full, a replica, or not allowed to us: the connection stays, and nothing else would say so.
            logger.error(
                "Redis does not keep this node's number: others will not find its sessions",
                metadata: ["node": "\(number)", "why": "\(reason)"])
        } catch {
            // It is away, which has been said.
        }
        await learnSecret()
    }

    /// Takes the cluster's secret, also a new one; a Redis that has forgotten it, as one does that is started again
    /// and keeps nothing, learns it from whoever still has it.
    private func learnSecret() async {
        let offered = secret ?? Self.newSecret()
        _ = try? await link.commands.ask("SET", secretKey, offered, "NX")
        guard let answer = try? await link.commands.ask("GET", secretKey), let secret = answer.text else {
            return
        }
        state.withLock { $0.secret = secret }
    }

    private static func newSecret() -> String {
        (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    }

    private var value: String { "\(link.uid) \(state.withLock { $0.address?.description ?? "" })" }
    private var secretKey: String { link.prefix + "-node-secret" }
    private func key(_ number: UInt16) -> String { "\(link.prefix)-node#\(number)" }

    // MARK: Others

    public func address(of node: UInt16) async -> NodeAddress? {
        let known = state.withLock { $0.known[node] }
        if let known, Instant.loopTime < known.until { return known.address }
        guard let answer = try? await link.commands.ask("GET", key(node)) else { return known?.address }
        let address = answer.text.flatMap { text in
            text.split(separator: " ").last.flatMap { NodeAddress($0) }
        }
        let age = address == nil ? Self.maxAgeOfAbsence : Self.maxAge
        state.withLock { state in
            // Mostly made-up numbers: real nodes are few, and are found again.
            if state.known.count >= Self.maxKnown { state.known = [:] }
            state.known[node] = (address, .loopTime + age)
        }
        return address
    }
}
