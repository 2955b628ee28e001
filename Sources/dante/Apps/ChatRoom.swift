internal import SocketIOServer

/// Who is in a chat and what they may do now. Knows no sockets and reads no clock.
///
///     here ──add user──▶ named ──▶ gone
///
/// A guest who has not said a name hears everything and may say nothing.
struct ChatRoom: Sendable {
    /// What is to be done about something a guest has said.
    enum Verdict: Equatable, Sendable {
        /// A name was taken; with it there are so many people.
        case joined(name: String, count: Int)
        case message(name: String, text: String)
        case typing(name: String)
        case stoppedTyping(name: String)
        /// For the guest to read.
        case refused(String)
        /// Nobody needs to know.
        case nothing
    }

    private struct Guest {
        var name: String?
        var isTyping = false
        var messages: TokenBucket
        var signs: TokenBucket
    }

    private let limits: ChatLimits
    private var guests: [String: Guest] = [:]
    /// Guests with a name.
    private(set) var count = 0

    init(_ limits: ChatLimits = ChatLimits()) { self.limits = limits }

    mutating func arrived(_ id: String) {
        let bucket = TokenBucket(burst: limits.burst, interval: limits.interval)
        guests[id] = Guest(messages: bucket, signs: bucket)
    }

    /// - Returns: the name the guest had, and how many people are left; nil for one without a name.
    mutating func left(_ id: String) -> (name: String, count: Int)? {
        guard let name = guests.removeValue(forKey: id)?.name else { return nil }
        count -= 1
        return (name, count)
    }

    /// A guest says its name. Only once: a second name is no news, as in the example.
    mutating func named(_ id: String, _ text: String) -> Verdict {
        guard let guest = guests[id], guest.name == nil else { return .nothing }
        guard let name = ChatText.line(text) else { return .refused("A name needs letters.") }
        guard name.unicodeScalars.count <= limits.maxName else {
            return .refused("A name may have \(limits.maxName) characters.")
        }
        guests[id]?.name = name
        count += 1
        return .joined(name: name, count: count)
    }

    mutating func said(_ id: String, _ text: String, at now: Instant) -> Verdict {
        guard let name = guests[id]?.name else { return .refused("Say your name first.") }
        if let wait = guests[id]?.messages.take(at: now) {
            let seconds = (wait.wholeMilliseconds + 999) / 1000
            return .refused("That was too fast: wait \(seconds) s.")
        }
        guard let line = ChatText.line(text) else { return .refused("There is nothing to read in it.") }
        guard line.unicodeScalars.count <= limits.maxMessage else {
            return .refused("A message may have \(limits.maxMessage) characters.")
        }
        guests[id]?.isTyping = false
        return .message(name: name, text: line)
    }

    /// A sign of typing counts when it changes something. One that comes too soon is dropped without a word: it is
    /// the page that sends them, not the guest.
    mutating func typed(_ id: String, isTyping: Bool, at now: Instant) -> Verdict {
        guard let guest = guests[id], let name = guest.name, guest.isTyping != isTyping else {
            return .nothing
        }
        // The end of what was told has to be told.
        if isTyping, guests[id]?.signs.take(at: now) != nil { return .nothing }
        guests[id]?.isTyping = isTyping
        return isTyping ? .typing(name: name) : .stoppedTyping(name: name)
    }
}
