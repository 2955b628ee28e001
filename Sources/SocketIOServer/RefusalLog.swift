internal import Logging
internal import SocketIOCore
internal import Synchronization

/// Says what has been refused: everything at debug level, and of each reason that a setting could change one line a
/// minute at info, which names the offending value and the setting. A flood of refusals must not become a flood of
/// lines, and what is only wrong interests nobody but who looks for it.
final class RefusalLog: Sendable {
    private struct Recent {
        var nextLine = Instant(nanoseconds: 0)
        /// Since the last line.
        var unsaid = 0
    }

    private let logger: Logger
    private let recent = Mutex<[String: Recent]>([:])

    init(_ logger: Logger) { self.logger = logger }

    /// - Parameters:
    ///   - reason: one of a few; each has its own minute.
    ///   - value: what was offending; cut, and without control characters, since a client wrote it.
    ///   - setting: the flag that would allow it, if there is one.
    ///   - answer: what the client has been told.
    func refused(
        _ reason: String, value: String = "", setting: String? = nil, peer: String, answer: String = "",
        at now: Instant = Clock.now()
    ) {
        let level =
            setting == nil
            ? (.debug, 0)
            : recent.withLock { recent in
                guard now >= recent[reason, default: Recent()].nextLine else {
                    recent[reason]?.unsaid += 1
                    return (Logger.Level.debug, 0)
                }
                let unsaid = recent[reason]?.unsaid ?? 0
                recent[reason] = Recent(nextLine: now + .seconds(60))
                return (.info, unsaid)
            }
        guard logger.logLevel <= level.0 else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)", "peer": "\(peer)"]
        if !value.isEmpty { metadata["value"] = "\(Self.printable(value))" }
        if !answer.isEmpty { metadata["answer"] = "\(Self.printable(answer))" }
        if let setting { metadata["setting"] = "\(setting)" }
        if level.1 > 0 { metadata["more"] = "\(level.1)" }
        logger.log(level: level.0, "refused", metadata: metadata)
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(200).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
    }
}
