internal import SocketIOCore
internal import Synchronization

/// Questions to many, each waiting for its answers: from clients, from event loops, from other nodes.
final class Questions: Sendable {
    private struct State {
        var open: [String: Question] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Opens a question for so many parts, each of which says how many answers it will give.
    func open(parts: Int) -> Question {
        state.withLock { state in
            // Unique among the nodes, since others answer to it.
            let id = "\(state.next)-\(UInt64.random(in: 0 ... .max))"
            state.next += 1
            let question = Question(id: id, parts: parts)
            state.open[id] = question
            return question
        }
    }

    subscript(id: String) -> Question? { state.withLock { $0.open[id] } }
    func close(_ question: Question) { state.withLock { $0.open[question.id] = nil } }
}

/// One question, and what has come of its answers.
///
/// Any thread may add to it; one task waits.
final class Question: Sendable {
    private struct State {
        var partsLeft: Int
        var answersLeft = 0
        var answers: [[JSON]] = []
        var sockets: [SocketDescription] = []
        var waiter: CheckedContinuation<Bool, Never>?
        var isOver = false

        var isComplete: Bool { partsLeft <= 0 && answersLeft <= 0 }
    }

    let id: String
    private let state: Mutex<State>

    init(id: String, parts: Int) {
        self.id = id
        state = Mutex(State(partsLeft: parts))
    }

    /// A part asks so many clients.
    func asked(_ clients: Int) {
        change {
            $0.partsLeft -= 1
            $0.answersLeft += clients
        }
    }

    func answered(_ answer: [JSON]) {
        change {
            $0.answersLeft -= 1
            $0.answers.append(answer)
        }
    }

    /// The one answer of a part.
    func answered(byPart answer: [JSON]) {
        change {
            $0.partsLeft -= 1
            $0.answers.append(answer)
        }
    }

    func found(_ sockets: [SocketDescription]) {
        change {
            $0.partsLeft -= 1
            $0.sockets += sockets
        }
    }

    private func change(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.isOver else { return nil }
            change(&state)
            guard state.isComplete else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: true)
    }

    /// Waits for all answers, or for the end of `span`.
    ///
    /// - Returns: whether all have come.
    func wait(_ span: Duration) async -> Bool {
        let alarm = Task {
            try await Task.sleep(for: span)
            giveUp()
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isDecided = state.withLock { state -> Bool? in
                    if state.isComplete { return true }
                    if state.isOver { return false }
                    state.waiter = waiter
                    return nil
                }
                if let isDecided { waiter.resume(returning: isDecided) }
            }
        } onCancel: {
            giveUp()
        }
    }

    private func giveUp() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: false)
    }

    var answers: [[JSON]] { state.withLock { $0.answers } }
    var sockets: [SocketDescription] { state.withLock { $0.sockets } }
    var missing: Int? { state.withLock { $0.partsLeft > 0 ? nil : $0.answersLeft } }
}
