/// What a connection to Redis may take, in time and in memory.
public struct RedisLimits: Sendable {
    /// From the beginning of an attempt to connect until the server has accepted us.
    public var connectTimeout: Duration = .seconds(5)
    /// From a command to its answer; behind it the connection counts as dead.
    public var commandTimeout: Duration = .seconds(5)
    /// After so long a silence of the server it is asked for a sign of life.
    public var pingInterval: Duration = .seconds(10)
    /// Before the first attempt to reconnect; then twice as long each time, with half of it left to chance, so that
    /// a cluster does not come back in step.
    public var minBackoff: Duration = .milliseconds(100)
    /// The longest wait between two attempts.
    public var maxBackoff: Duration = .seconds(5)
    /// Commands that wait for a connection, or for the answers to those before them. One past it is refused.
    public var maxWaitingCommands = 10_000
    /// Bytes of those commands. A command that would go past it is refused.
    public var maxWaitingBytes = 16 * 1024 * 1024
    /// Commands sent and not answered.
    public var maxUnanswered = 1_000
    /// Bytes of one message from another server.
    public var maxMessageBytes = 64 * 1024 * 1024

    /// The defaults.
    public init() {}
}

/// Why a command has no answer, or a connection ended.
package enum RedisFault: Error, Equatable, Sendable {
    /// The server's own words: `WRONGTYPE Operation against …`.
    case server(String)
    /// Nobody accepts connections there, or who does is not to be trusted.
    case unreachable(String)
    /// The server does not want us: `WRONGPASS …`, `NOAUTH …`, `ERR DB index is out of range`.
    case refused(String)
    /// The connection ended. A command that had been sent may or may not have been carried out.
    case connectionLost
    /// No answer within ``RedisLimits/commandTimeout``.
    case silent
    case malformed(RESPError)
    /// There is no connection, and the command was not to wait for one.
    case away
    /// Too much is waiting already.
    case queueFull
    case stopped
}
