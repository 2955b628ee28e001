package import SocketIOCore

/// One connection to a Redis server, kept up: greets, sends commands in order, hears subscriptions, notices silence,
/// comes back and subscribes again.
///
///     idle ──start──▶ connecting ──connected──▶ greeting ──accepted──▶ ready
///                        ▲   │ failed               │ refused            │ closed, silent, malformed
///                        │   ▼                      ▼                    ▼
///                        └─ waiting ◀───────────────┴────────────────────┘        stop: stopped, from anywhere
///
/// A command that had been sent when the connection broke is not sent again: it may have been carried out. One that
/// waits is sent once there is a connection.
///
/// - Units: the machine reads no clock: every call is told the time.
/// - Source: Redis documentation, "HELLO", "Pub/Sub"; RESP3 specification, "Push data".
package struct RedisSession {
    package enum Role: Sendable {
        case commands
        /// Subscribes only: in RESP2 a connection that has subscribed takes no other commands.
        case subscriber
    }

    package enum Action: Equatable {
        case connect
        case write([UInt8])
        case close
        case reply(ticket: Int, Result<RESPValue, RedisFault>)
        case message(channel: String, payload: [UInt8])
        /// Accepted, and every subscription is in force.
        case up
        /// No longer, or not this time; it is tried again after a while.
        case down(RedisFault)
    }

    private enum State {
        case idle
        case connecting(until: Instant)
        case greeting(RedisGreeting, until: Instant)
        /// - Parameter subscribed: Until then the subscriptions must be confirmed; nil once they are.
        case ready(subscribed: Instant?)
        case waiting(until: Instant)
        case stopped
    }

    private struct Waiting {
        var ticket: Int
        var bytes: [UInt8]
    }

    /// - Parameter ticket: Nil for our own question for a sign of life.
    private struct Unanswered {
        var ticket: Int?
        var until: Instant
    }

    private let address: RedisAddress
    private let limits: RedisLimits
    private let role: Role
    private let random: () -> UInt64
    private var state = State.idle
    private var parser = RESPParser()
    private var waiting = RedisQueue<Waiting>()
    private var waitingBytes = 0
    private var unanswered = RedisQueue<Unanswered>()
    private var subscriptions = RedisSubscriptions()
    private var attempts = 0
    private var lastHeard = Instant(nanoseconds: 0)
    private var actions: [Action] = []

    /// Commands refused because too much was waiting.
    package private(set) var refusedCommands = 0
    /// Connections that were accepted.
    package private(set) var connections = 0
    /// 2 or 3, of the newest connection.
    package private(set) var revision = 3

    package init(
        _ address: RedisAddress, role: Role, limits: RedisLimits = RedisLimits(),
        random: @escaping () -> UInt64
    ) {
        self.address = address
        self.role = role
        self.limits = limits
        self.random = random
    }

    /// When to call ``deadlineReached(at:)``.
    package var nextDeadline: Instant {
        switch state {
        case .idle, .stopped: .distantFuture
        case .connecting(let until), .greeting(_, let until), .waiting(let until): until
        case .ready(let subscribed):
            min(
                unanswered.first?.until ?? (lastHeard + limits.pingInterval), subscribed ?? .distantFuture)
        }
    }

    package var isUp: Bool { if case .ready(subscribed: nil) = state { true } else { false } }
    package var waitingCommands: Int { waiting.count }

    // MARK: The application

    package mutating func start(at now: Instant) -> [Action] {
        guard case .idle = state else { return [] }
        connect(at: now)
        return taken()
    }

    /// - Parameters:
    ///   - ticket: Comes back with the answer; every command gets exactly one.
    ///   - mayWait: Otherwise it is refused while there is no connection.
    package mutating func send(
        _ words: [[UInt8]], ticket: Int, mayWait: Bool = true, at now: Instant
    ) -> [Action] {
        let bytes = RESPCommand.encoded(words)
        if case .stopped = state {
            answer(ticket, .failure(.stopped))
        } else if !mayWait, !isUp {
            answer(ticket, .failure(.away))
        } else if waiting.count >= limits.maxWaitingCommands
            || waitingBytes + bytes.count > limits.maxWaitingBytes
        {
            refusedCommands += 1
            answer(ticket, .failure(.queueFull))
        } else {
            waiting.append(Waiting(ticket: ticket, bytes: bytes))
            waitingBytes += bytes.count
            sendWaiting(at: now)
        }
        return taken()
    }

    package mutating func subscribe(_ name: String, isPattern: Bool = false, at now: Instant) -> [Action] {
        if let command = subscriptions.add(.init(name: name, isPattern: isPattern)),
            case .ready(let subscribed) = state
        {
            state = .ready(subscribed: subscribed ?? now + limits.commandTimeout)
            actions.append(.write(RESPCommand.encoded(command)))
        }
        return taken()
    }

    package mutating func unsubscribe(_ name: String, isPattern: Bool = false) -> [Action] {
        if let command = subscriptions.remove(.init(name: name, isPattern: isPattern)), case .ready = state {
            actions.append(.write(RESPCommand.encoded(command)))
            becomeUpWhenSubscribed()
        }
        return taken()
    }

    package mutating func stop() -> [Action] {
        guard !isStopped else { return [] }
        fail(unanswered.removeAll().compactMap(\.ticket), .stopped)
        fail(waiting.removeAll().map(\.ticket), .stopped)
        waitingBytes = 0
        state = .stopped
        actions.append(.close)
        return taken()
    }

    // MARK: The connection

    package mutating func connected(at now: Instant) -> [Action] {
        guard case .connecting(let until) = state else { return [] }
        var limits = RESPParser.Limits()
        limits.maxStringBytes = self.limits.maxMessageBytes
        parser = RESPParser(limits: limits)
        let greeting = RedisGreeting(address)
        state = .greeting(greeting, until: until)
        actions.append(.write(RESPCommand.encoded(greeting.first)))
        return taken()
    }

    /// - Parameter reason: In words, where there are any: why nobody could be connected to, or was not trusted.
    package mutating func closed(_ reason: String? = nil, at now: Instant) -> [Action] {
        switch state {
        case .connecting: rest(.unreachable(reason ?? "closed"), at: now)
        case .greeting: rest(reason.map { .unreachable($0) } ?? .connectionLost, at: now)
        case .ready: rest(.connectionLost, at: now)
        // Ours: it has been said already.
        case .idle, .waiting, .stopped: break
        }
        return taken()
    }

    package mutating func received(_ bytes: some Sequence<UInt8>, at now: Instant) -> [Action] {
        lastHeard = now
        parser.receive(bytes)
        do throws(RESPError) {
            while hears, let value = try parser.next() { take(value, at: now) }
        } catch {
            breakOff(.malformed(error), at: now)
        }
        sendWaiting(at: now)
        return taken()
    }

    package mutating func deadlineReached(at now: Instant) -> [Action] {
        guard now >= nextDeadline else { return [] }
        switch state {
        case .idle, .stopped: break
        case .waiting: connect(at: now)
        case .connecting, .greeting: breakOff(.silent, at: now)
        case .ready(let subscribed):
            if unanswered.first.map({ now >= $0.until }) ?? false || subscribed.map({ now >= $0 }) ?? false {
                breakOff(.silent, at: now)
            } else {
                unanswered.append(Unanswered(ticket: nil, until: now + limits.commandTimeout))
                actions.append(.write(RESPCommand.encoded("PING")))
            }
        }
        return taken()
    }

    // MARK: Inside

    private var isStopped: Bool { if case .stopped = state { true } else { false } }

    /// Whether what comes in still is of this connection.
    private var hears: Bool {
        switch state {
        case .greeting, .ready: true
        case .idle, .connecting, .waiting, .stopped: false
        }
    }

    private mutating func connect(at now: Instant) {
        state = .connecting(until: now + limits.connectTimeout)
        actions.append(.connect)
    }

    private mutating func breakOff(_ fault: RedisFault, at now: Instant) {
        actions.append(.close)
        rest(fault, at: now)
    }

    private mutating func rest(_ fault: RedisFault, at now: Instant) {
        fail(unanswered.removeAll().compactMap(\.ticket), fault)
        let longest = min(
            limits.maxBackoff, limits.minBackoff * (1 << min(attempts, 16)))
        attempts += 1
        // A half for certain, a half by chance.
        let half = longest.wholeNanoseconds / 2
        let chance = Int64(random() >> 1) % max(1, half)
        state = .waiting(until: now + .nanoseconds(half + chance))
        actions.append(.down(fault))
    }

    private mutating func take(_ value: RESPValue, at now: Instant) {
        switch state {
        case .greeting(let greeting, let until): greeted(greeting, until, value, at: now)
        case .ready:
            if let push = pushed(value) { return heard(push) }
            // An answer nobody asked for: the stream is out of step, and whose the next one is, nobody knows.
            guard let asked = unanswered.removeFirst() else {
                // A subscription that is not allowed is answered so.
                if case .error(let text) = value { return breakOff(.refused(text), at: now) }
                return breakOff(.connectionLost, at: now)
            }
            guard let ticket = asked.ticket else { return }
            if case .error(let text) = value {
                answer(ticket, .failure(.server(text)))
                // A primary that became a replica keeps its connections: the name is another's now.
                if text.hasPrefix("READONLY") { breakOff(.refused(text), at: now) }
            } else {
                answer(ticket, .success(value))
            }
        case .idle, .connecting, .waiting, .stopped: break
        }
    }

    private mutating func greeted(
        _ greeting: RedisGreeting, _ until: Instant, _ answer: RESPValue, at now: Instant
    ) {
        var greeting = greeting
        switch greeting.answered(answer) {
        case .say(let words):
            state = .greeting(greeting, until: until)
            actions.append(.write(RESPCommand.encoded(words)))
        case .refused(let text): breakOff(.refused(text), at: now)
        case .accepted:
            connections += 1
            revision = greeting.revision
            state = .ready(subscribed: now + limits.commandTimeout)
            for command in subscriptions.all() { actions.append(.write(RESPCommand.encoded(command))) }
            becomeUpWhenSubscribed()
        }
    }

    /// The elements of a message that answers no command: a push of RESP3, and on a subscriber's connection the
    /// lists of RESP2, where a pong is a list too.
    private func pushed(_ value: RESPValue) -> [RESPValue]? {
        if case .push(let elements) = value { return elements }
        guard role == .subscriber, revision == 2, case .array(let elements) = value,
            elements.first?.text != "pong"
        else { return nil }
        return elements
    }

    private mutating func heard(_ push: [RESPValue]) {
        switch push.first?.text {
        case "message" where push.count == 3: deliver(push[1], push[2])
        case "pmessage" where push.count == 4: deliver(push[2], push[3])
        case "subscribe" where push.count == 3: confirm(push[1], isPattern: false)
        case "psubscribe" where push.count == 3: confirm(push[1], isPattern: true)
        // What we gave up, or a kind of push that is of no interest here.
        default: break
        }
    }

    private mutating func deliver(_ channel: RESPValue, _ payload: RESPValue) {
        guard let channel = channel.text, let payload = payload.bytes else { return }
        actions.append(.message(channel: channel, payload: payload))
    }

    private mutating func confirm(_ name: RESPValue, isPattern: Bool) {
        subscriptions.confirmed(name.text ?? "", isPattern: isPattern)
        becomeUpWhenSubscribed()
    }

    private mutating func becomeUpWhenSubscribed() {
        guard case .ready(subscribed: .some) = state, subscriptions.isComplete else { return }
        state = .ready(subscribed: nil)
        attempts = 0
        actions.append(.up)
    }

    private mutating func sendWaiting(at now: Instant) {
        guard case .ready = state else { return }
        var bytes: [UInt8] = []
        while unanswered.count < limits.maxUnanswered, let next = waiting.removeFirst() {
            waitingBytes -= next.bytes.count
            unanswered.append(Unanswered(ticket: next.ticket, until: now + limits.commandTimeout))
            bytes += next.bytes
        }
        if !bytes.isEmpty { actions.append(.write(bytes)) }
    }

    private mutating func answer(_ ticket: Int, _ result: Result<RESPValue, RedisFault>) {
        actions.append(.reply(ticket: ticket, result))
    }

    private mutating func fail(_ tickets: [Int], _ fault: RedisFault) {
        for ticket in tickets { answer(ticket, .failure(fault)) }
    }

    private mutating func taken() -> [Action] {
        defer { actions = [] }
        return actions
    }
}
