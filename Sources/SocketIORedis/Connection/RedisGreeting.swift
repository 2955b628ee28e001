/// What is said before the first command: which protocol, who we are, which database.
///
/// `HELLO 3` with the password is all a server from version 6 on needs; one that does not know it, or was told not
/// to, is asked with `AUTH` and speaks RESP2.
struct RedisGreeting {
    enum Outcome: Equatable {
        case say([[UInt8]])
        case accepted
        case refused(String)
    }

    private enum Step { case hello, authentication, selection }

    private let address: RedisAddress
    private var step = Step.hello
    /// 2 or 3: what the server answers in.
    private(set) var revision = 3

    init(_ address: RedisAddress) { self.address = address }

    var first: [[UInt8]] {
        var words = ["HELLO", "3"]
        if let password = address.password { words += ["AUTH", address.user ?? "default", password] }
        return words.map { Array($0.utf8) }
    }

    mutating func answered(_ answer: RESPValue) -> Outcome {
        if case .error(let text) = answer {
            guard step == .hello, Self.meansOld(text) else { return .refused(text) }
            revision = 2
            guard let password = address.password else { return select() }
            step = .authentication
            return .say((["AUTH"] + [address.user, password].compactMap { $0 }).map { Array($0.utf8) })
        }
        return step == .selection ? .accepted : select()
    }

    private mutating func select() -> Outcome {
        guard address.database != 0 else { return .accepted }
        step = .selection
        return .say([Array("SELECT".utf8), Array(String(address.database).utf8)])
    }

    /// The server does not know `HELLO`, or not this protocol.
    private static func meansOld(_ text: String) -> Bool {
        text.hasPrefix("NOPROTO") || text.lowercased().hasPrefix("err unknown command")
    }
}
