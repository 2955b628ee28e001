import TestSupport
import Testing

@testable import SocketIOCore

/// Every state and every call.
@Suite struct SessionTableTests {
    enum Situation: CaseIterable {
        case polling, pollHeld, probing, probingWithPoll, socket, socketWithPackets, closing,
            closingWithPackets
        case ended

        var probe: SessionProbe {
            var probe = SessionProbe(onSocket: self == .socket || self == .socketWithPackets)
            switch self {
            case .polling, .socket: break
            case .pollHeld: _ = probe.poll()
            case .probing: _ = probe.openProbe()
            case .probingWithPoll: _ = (probe.poll(), probe.openProbe())
            case .socketWithPackets: _ = probe.send(.packet("4a"), ready: false)
            case .closing: _ = probe.close()
            case .closingWithPackets: _ = (probe.send(.packet("4a")), probe.close())
            case .ended: _ = probe.post("")
            }
            return probe
        }
    }

    enum Call: CaseIterable {
        case poll, abortPoll, beginPost, post, postBadly, postGoodbye, abortPost, refusePost, openProbe, probe
        case upgrade, probeBadly, loseProbe, text, textBadly, binary, loseSocket, send, sendTooMuch, flush,
            join
        case close, soon, later, muchLater

        func made(on probe: inout SessionProbe) -> [Session.Action] {
            switch self {
            case .poll: probe.poll()
            case .abortPoll: probe.abortPoll()
            case .beginPost: probe.beginPost()
            case .post: probe.post("40")
            case .postBadly: probe.post("x")
            case .postGoodbye: probe.post("1")
            case .abortPost: probe.abortPost(isFatal: true)
            case .refusePost: probe.abortPost(isFatal: false)
            case .openProbe: probe.openProbe() ? [] : []
            case .probe: probe.probe("2probe")
            case .upgrade: probe.probe("5")
            case .probeBadly: probe.probe("?")
            case .loseProbe: probe.asking { session, _ in session.probeClosed() }
            case .text: probe.text("40")
            case .textBadly: probe.text("")
            case .binary: probe.binary([1])
            case .loseSocket: probe.loseSocket()
            case .send: probe.send(.packet("4b"))
            case .sendTooMuch: probe.send(.text(Array(repeating: 65, count: 101)))
            case .flush: probe.flush()
            case .join: probe.asking { session, _ in session.namespaceJoined() }
            case .close: probe.close()
            case .soon: probe.pass(to: 350)
            case .later: probe.pass(to: 1000)
            case .muchLater: probe.pass(to: 100_000)
            }
        }
    }

    @Test(arguments: Situation.allCases, Call.allCases)
    func callIsTakenInEveryState(situation: Situation, call: Call) {
        var probe = situation.probe
        let before = probe.session
        check(call.made(on: &probe), from: before, to: probe.session, "\(call) while \(situation)")
    }

    /// Walks of random calls: what holds of one call holds of any number of them.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func everyWalkKeepsTheRules(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var probe = SessionProbe(onSocket: .random(using: &random), joined: .random(using: &random))
        var walk: [Call] = []
        for _ in 0..<40 {
            let call = Call.allCases[Int.random(in: 0..<Call.allCases.count, using: &random)]
            if call == .muchLater, walk.count < 20 { continue }
            walk.append(call)
            let before = probe.session
            check(call.made(on: &probe), from: before, to: probe.session, "seed \(seed), \(walk)")
        }
    }

    private func check(
        _ actions: [Session.Action], from before: Session, to after: Session, _ what: Comment
    ) {
        let ends = actions.indices.filter { if case .ended = actions[$0] { true } else { false } }
        #expect(ends.count == (after.isEnded && !before.isEnded ? 1 : 0), what)
        #expect(ends.isEmpty || ends == [actions.count - 1], what)
        #expect((after.nextDeadline == .distantFuture) == after.isEnded, what)
        if before.isEnded { #expect(actions.allSatisfy { $0 == .refuse }, what) }
        #expect(!after.isEnded || !after.isPollHeld, what)
        for action in actions {
            switch action {
            case .answerPoll(let packets): #expect(!packets.isEmpty, what)
            case .write, .closeSocket: #expect(before.isOnSocket, what)
            case .adoptProbe: #expect(after.isOnSocket && !before.isOnSocket, what)
            case .deliverText, .deliverBinary: #expect(before.isOpen, what)
            case .refuse, .answerProbe, .closeProbe, .ended: break
            }
        }
        let answers = actions.filter { if case .answerPoll = $0 { true } else { false } }
        #expect(answers.count <= 1, what)
    }
}
