public import SocketIOCore
internal import Synchronization

/// An event that a client has sent.
public struct Event: Sendable {
    /// What the client called the event.
    public let name: String
    /// JSON values, and bytes where the client's generation has them. 0.9's plain messages are events named
    /// `message` with one argument.
    public let arguments: [JSON]
    /// Answers the callback that the client waits for; nil when it does not.
    public let acknowledgement: Acknowledgement?
}

/// The answer to a client's callback. Only the first one counts: a second call does nothing and says so by its
/// result.
public final class Acknowledgement: Sendable {
    private let isAnswered = Atomic<Bool>(false)
    private let answer: @Sendable ([JSON]) -> Void
    /// The client waits for it. Otherwise an answer goes nowhere, and need not be worked for.
    public let isWanted: Bool

    init(isWanted: Bool = true, _ answer: @escaping @Sendable ([JSON]) -> Void) {
        self.isWanted = isWanted
        self.answer = answer
    }

    /// For a client that waits for nothing.
    static var unwanted: Acknowledgement { Acknowledgement(isWanted: false) { _ in } }

    /// - Returns: false when it was answered before.
    /// - Throws: `EncodingError` for an argument that is no JSON; then it is still to be answered.
    @discardableResult
    public func callAsFunction<each Argument: Encodable>(_ arguments: repeat each Argument) throws -> Bool {
        send(try EventCoding.encode(repeat each arguments))
    }

    /// - Returns: false when it was answered before.
    @discardableResult
    public func send(_ arguments: [JSON]) -> Bool {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return false }
        answer(arguments)
        return true
    }
}
