import SocketIOCore
import TestSupport
import Testing

@testable import SocketIORedis

@Suite struct RedisSessionTests {
    /// A session with a script: says what is sent as text and keeps everything else it does.
    struct Stage {
        var session: RedisSession
        var now = Instant(nanoseconds: 1_000_000_000)

        init(
            _ address: RedisAddress = RedisAddress(), role: RedisSession.Role = .commands, random: UInt64 = 0
        ) {
            var limits = RedisLimits()
            limits.maxWaitingCommands = 3
            limits.maxWaitingBytes = 200
            limits.maxUnanswered = 2
            session = RedisSession(address, role: role, limits: limits) { random }
        }

        mutating func hears(_ wire: String) -> [RedisSession.Action] {
            session.received(Array(wire.utf8), at: now)
        }

        mutating func greeted(with answer: String = Self.hello) -> [RedisSession.Action] {
            _ = session.start(at: now)
            _ = session.connected(at: now)
            return hears(answer)
        }

        mutating func ask(_ words: String..., ticket: Int, mayWait: Bool = true) -> [RedisSession.Action] {
            session.send(words.map { Array($0.utf8) }, ticket: ticket, mayWait: mayWait, at: now)
        }

        mutating func passes(_ span: Duration) -> [RedisSession.Action] {
            now = now + span
            return session.deadlineReached(at: now)
        }

        /// As redis-server 7.0.15 answers HELLO 3, shortened.
        static let hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
        static let helloUnknown = "-ERR unknown command 'HELLO', with args beginning with: '3' \r\n"
    }

    static func wrote(_ words: String...) -> RedisSession.Action {
        .write(RESPCommand.encoded(words.map { Array($0.utf8) }))
    }

    @Test func greetsWithHelloAndIsUp() {
        var stage = Stage()
        #expect(stage.session.start(at: stage.now) == [.connect])
        #expect(stage.session.connected(at: stage.now) == [Self.wrote("HELLO", "3")])
        #expect(stage.hears(Stage.hello) == [.up])
        #expect(stage.session.isUp)
        #expect(stage.session.revision == 3)
    }

    @Test func saysWhoItIsAndSelectsItsDatabase() {
        let address = RedisAddress(user: "ada", password: "secret", database: 5)
        var stage = Stage(address)
        _ = stage.session.start(at: stage.now)
        #expect(stage.session.connected(at: stage.now) == [Self.wrote("HELLO", "3", "AUTH", "ada", "secret")])
        #expect(stage.hears(Stage.hello) == [Self.wrote("SELECT", "5")])
        #expect(stage.hears("+OK\r\n") == [.up])
    }

    @Test func fallsBackWhereHelloIsUnknown() {
        var stage = Stage(RedisAddress(password: "secret", database: 1))
        #expect(stage.greeted(with: Stage.helloUnknown) == [Self.wrote("AUTH", "secret")])
        #expect(stage.hears("+OK\r\n") == [Self.wrote("SELECT", "1")])
        #expect(stage.hears("+OK\r\n") == [.up])
        #expect(stage.session.revision == 2)
    }

    @Test(arguments: ["-WRONGPASS invalid username-password pair\r\n", "-NOAUTH HELLO must be called\r\n"])
    func aRefusalIsSaidAndTriedAgain(refusal: String) {
        var stage = Stage()
        let words = String(refusal.dropFirst().split(separator: "\r\n")[0])
        #expect(stage.greeted(with: refusal) == [.close, .down(.refused(words))])
        #expect(stage.passes(.milliseconds(50)) == [.connect])
    }

    @Test func answersComeInOrder() {
        var stage = Stage()
        _ = stage.greeted()
        #expect(stage.ask("GET", "a", ticket: 1) == [Self.wrote("GET", "a")])
        #expect(stage.ask("GET", "b", ticket: 2) == [Self.wrote("GET", "b")])
        #expect(
            stage.hears("$1\r\nA\r\n-ERR no\r\n") == [
                .reply(ticket: 1, .success(.bulk([65]))),
                .reply(ticket: 2, .failure(.server("ERR no"))),
            ])
    }

    @Test func whatIsSentWhileAwayWaitsWithinItsBound() {
        var stage = Stage()
        for ticket in 1...3 { #expect(stage.ask("A", ticket: ticket) == []) }
        #expect(stage.ask("A", ticket: 4) == [.reply(ticket: 4, .failure(.queueFull))])
        #expect(stage.session.refusedCommands == 1)
        #expect(stage.ask("A", ticket: 5, mayWait: false) == [.reply(ticket: 5, .failure(.away))])
        // Two may be unanswered; the third follows the first answer.
        let one = RESPCommand.encoded("A")
        #expect(stage.greeted() == [.up, .write(one + one)])
        #expect(stage.hears("+1\r\n") == [.reply(ticket: 1, .success(.simple("1"))), .write(one)])
    }

    @Test func bytesThatWaitAreBoundedToo() {
        var stage = Stage()
        let long = String(repeating: "x", count: 150)
        #expect(stage.ask(long, ticket: 1) == [])
        #expect(stage.ask(long, ticket: 2) == [.reply(ticket: 2, .failure(.queueFull))])
    }

    @Test func whatWasSentWhenTheConnectionBrokeIsNotSentAgain() {
        var stage = Stage()
        _ = stage.greeted()
        _ = stage.ask("INCR", "a", ticket: 1)
        #expect(
            stage.session.closed(at: stage.now) == [
                .reply(ticket: 1, .failure(.connectionLost)), .down(.connectionLost),
            ])
        #expect(stage.passes(.milliseconds(50)) == [.connect])
        _ = stage.session.connected(at: stage.now)
        #expect(stage.hears(Stage.hello) == [.up])
    }

    @Test func backsOffLongerEachTimeUpToItsBound() {
        var stage = Stage(random: .max)
        _ = stage.session.start(at: stage.now)
        var spans: [Int64] = []
        for _ in 0..<9 {
            _ = stage.session.closed("refused", at: stage.now)
            let span = stage.session.nextDeadline.nanoseconds - stage.now.nanoseconds
            spans.append(span / 1_000_000)
            #expect(stage.passes(.nanoseconds(span)) == [.connect])
        }
        #expect(spans.allSatisfy { $0 >= 50 && $0 < 5_000 })
        #expect(zip(spans, spans.dropFirst()).prefix(5).allSatisfy { $0 < $1 })
        #expect(spans.last ?? 0 >= 2_500)
    }

    @Test func subscribesAndComesBackSubscribed() {
        var stage = Stage(role: .subscriber)
        #expect(stage.session.subscribe("a", at: stage.now) == [])
        #expect(stage.session.subscribe("p*", isPattern: true, at: stage.now) == [])
        let asks = [Self.wrote("SUBSCRIBE", "a"), Self.wrote("PSUBSCRIBE", "p*")]
        #expect(stage.greeted() == asks)
        #expect(stage.hears(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n") == [])
        #expect(stage.hears(">3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:2\r\n") == [.up])
        #expect(
            stage.hears(">4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$2\r\npq\r\n$2\r\nhi\r\n") == [
                .message(channel: "pq", payload: Array("hi".utf8))
            ])
        #expect(stage.session.closed(at: stage.now) == [.down(.connectionLost)])
        #expect(stage.passes(.milliseconds(50)) == [.connect])
        _ = stage.session.connected(at: stage.now)
        #expect(stage.hears(Stage.hello) == asks)
    }

    @Test func inRESP2ListsAreMessagesAndAPongIsAnAnswer() {
        var stage = Stage(role: .subscriber)
        _ = stage.session.subscribe("a", at: stage.now)
        #expect(stage.greeted(with: Stage.helloUnknown) == [Self.wrote("SUBSCRIBE", "a")])
        #expect(stage.hears("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n") == [.up])
        #expect(
            stage.hears("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n") == [
                .message(channel: "a", payload: [0x78])
            ])
        #expect(stage.passes(.seconds(10)) == [Self.wrote("PING")])
        #expect(stage.hears("*2\r\n$4\r\npong\r\n$0\r\n\r\n") == [])
        #expect(stage.session.isUp)
    }

    @Test func aSubscriptionThatIsNotConfirmedEndsTheConnection() {
        var stage = Stage(role: .subscriber)
        _ = stage.greeted()
        _ = stage.session.subscribe("a", at: stage.now)
        #expect(stage.passes(.seconds(5)) == [.close, .down(.silent)])
    }

    @Test func silenceIsAskedAboutAndThenEndsTheConnection() {
        var stage = Stage()
        _ = stage.greeted()
        #expect(stage.passes(.seconds(9)) == [])
        #expect(stage.passes(.seconds(1)) == [Self.wrote("PING")])
        #expect(stage.passes(.seconds(4)) == [])
        #expect(stage.passes(.seconds(1)) == [.close, .down(.silent)])
    }

    @Test func anAnswerThatDoesNotComeEndsTheConnection() {
        var stage = Stage()
        _ = stage.greeted()
        _ = stage.ask("GET", "a", ticket: 1)
        #expect(
            stage.passes(.seconds(5)) == [.close, .reply(ticket: 1, .failure(.silent)), .down(.silent)])
    }

    @Test func neitherConnectingNorGreetingTakesForEver() {
        var stage = Stage()
        _ = stage.session.start(at: stage.now)
        #expect(stage.passes(.seconds(5)) == [.close, .down(.silent)])
        #expect(stage.passes(.seconds(1)) == [.connect])
        _ = stage.session.connected(at: stage.now)
        #expect(stage.passes(.seconds(5)) == [.close, .down(.silent)])
    }

    @Test func bytesThatAreNoRESPEndTheConnection() {
        var stage = Stage()
        _ = stage.greeted()
        _ = stage.ask("GET", "a", ticket: 1)
        let fault = RedisFault.malformed(.unknownType(0x48))
        #expect(
            stage.hears("HTTP/1.1 400 Bad Request\r\n") == [
                .close, .reply(ticket: 1, .failure(fault)), .down(fault),
            ])
    }

    @Test func anAnswerNobodyAskedForEndsTheConnection() {
        var stage = Stage()
        _ = stage.greeted()
        #expect(stage.hears("+OK\r\n") == [.close, .down(.connectionLost)])
    }

    @Test func stoppedMeansStopped() {
        var stage = Stage()
        _ = stage.greeted()
        _ = stage.ask("GET", "a", ticket: 1)
        #expect(stage.session.stop() == [.reply(ticket: 1, .failure(.stopped)), .close])
        #expect(stage.session.closed(at: stage.now) == [])
        #expect(stage.ask("GET", "a", ticket: 2) == [.reply(ticket: 2, .failure(.stopped))])
        #expect(stage.session.nextDeadline == .distantFuture)
        #expect(stage.session.stop() == [])
    }

    /// Whatever happens in whatever order, every ticket is answered once, and a stopped session is silent.
    @Test func everyCommandIsAnsweredOnce() {
        for seed in 0..<400 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var stage = Stage()
            var answered: [Int: Int] = [:]
            var tickets = 0
            for _ in 0..<60 {
                var actions: [RedisSession.Action] = []
                switch Int.random(in: 0..<7, using: &generator) {
                case 0: actions = stage.session.start(at: stage.now)
                case 1: actions = stage.session.connected(at: stage.now)
                case 2: actions = stage.hears(Stage.hello)
                case 3: actions = stage.hears("+OK\r\n")
                case 4: actions = stage.passes(.milliseconds(Int.random(in: 1...6_000, using: &generator)))
                case 5: actions = stage.session.closed(at: stage.now)
                default:
                    tickets += 1
                    actions = stage.ask("A", ticket: tickets, mayWait: Bool.random(using: &generator))
                }
                for case .reply(let ticket, _) in actions { answered[ticket, default: 0] += 1 }
            }
            for case .reply(let ticket, _) in stage.session.stop() { answered[ticket, default: 0] += 1 }
            #expect(answered.count == tickets && answered.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }
}
