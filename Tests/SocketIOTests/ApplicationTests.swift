import SocketIO
import SocketIOCore
import Testing

/// What an application is told and what it says, in every generation of clients alike.
@Suite struct ApplicationTests {
    struct Person: Codable, Equatable, Sendable {
        var name: String
        var age: Int?
    }

    private let heard = Notes<String>()

    /// A stage whose `/chat` has what `set` puts there.
    private func stage(_ set: (Namespace) throws -> Void) -> Stage {
        Stage { try! set($0.namespace("/chat")) }
    }

    private func speaker(_ tongue: Speaker.Tongue, on stage: Stage) -> Speaker {
        let speaker = Speaker(tongue, on: stage)
        speaker.join("/chat")
        _ = speaker.news()
        return speaker
    }

    // MARK: Events

    @Test(arguments: Speaker.Tongue.allCases)
    func argumentsAreTyped(tongue: Speaker.Tongue) async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.on("greet") { (socket: Socket, person: Person, times: Int, note: String?) in
                heard.write("\(person.name) \(person.age ?? 0) \(times) \(note ?? "-")")
                try socket.emit("greeted", person, times, [1.5, 2])
            }
        }
        let speaker = speaker(tongue, on: stage)
        speaker.emit("greet", #"{"name":"Ann","age":7}"#, "2", namespace: "/chat")
        #expect(await heard.next() == "Ann 7 2 -")
        await stage.turn()
        #expect(
            speaker.news() == [
                speaker.event("greeted", #"{"name":"Ann","age":7}"#, "2", "[1.5,2]", namespace: "/chat")
            ])
    }

    @Test(arguments: Speaker.Tongue.allCases)
    func callbackIsAnsweredOnce(tongue: Speaker.Tongue) async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.on("question") { (socket: Socket, acknowledge: Acknowledgement, text: String) in
                let first = try acknowledge("yes", 1)
                let second = try acknowledge("no")
                heard.write("\(text) \(first) \(second)")
            }
            try chat.answer("double") { (_: Socket, number: Int) in number * 2 }
        }
        let speaker = speaker(tongue, on: stage)
        speaker.emit("question", #""q""#, namespace: "/chat", id: 7)
        #expect(await heard.next() == "q true false")
        speaker.emit("question", #""nobody waits""#, namespace: "/chat")
        #expect(await heard.next() == "nobody waits true false")
        speaker.emit("double", "21", namespace: "/chat", id: 8)
        await stage.turn(2)
        #expect(
            speaker.news() == [
                speaker.acknowledgement(7, #""yes""#, "1", namespace: "/chat"),
                speaker.acknowledgement(8, "42", namespace: "/chat"),
            ])
        #expect(stage.loop.isIdle, "a second answer is not even sent to the loop")
    }

    /// Its typed error, once; the connection and the next event are as if nothing had been.
    @Test(arguments: Speaker.Tongue.allCases)
    func argumentOfAnotherTypeEndsItsEventOnly(tongue: Speaker.Tongue) async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.on("count") { (_: Socket, number: Int) in heard.write("\(number)") }
        }
        let speaker = speaker(tongue, on: stage)
        speaker.emit("count", #""seven""#, namespace: "/chat")
        speaker.emit("count", "7", namespace: "/chat")
        #expect(await heard.next() == "7")
        let failure = try #require(await stage.failures.next())
        #expect(failure.event == "count" && failure.namespace == "/chat")
        #expect(
            "\(failure.error)"
                == #"argument 0 of "count": expected a whole number in range, found a text"#)
        #expect(stage.failures.isEmpty && speaker.news() == [])
    }

    @Test func handlerThatThrowsEndsItsEventOnly() async throws {
        struct Oops: Error {}
        let heard = heard
        let stage = stage { chat in
            try chat.onEvent("bad") { _, _ in throw Oops() }
            try chat.onEvent("good") { _, _ in heard.write("good") }
        }
        let speaker = speaker(.engine4, on: stage)
        speaker.emit("bad", namespace: "/chat")
        speaker.emit("good", namespace: "/chat")
        #expect(await heard.next() == "good")
        #expect(await stage.failures.next()?.error is Oops)
        #expect(stage.shard.sessionCount == 1)
    }

    @Test func eventsOfOneSocketAreHandledInTheirOrder() async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.on("n") { (_: Socket, number: Int) in
                // The later ones would overtake, if they could.
                for _ in 0..<(20 - number) { await Task.yield() }
                heard.write("\(number)")
            }
        }
        let speaker = speaker(.engine4, on: stage)
        for number in 0..<20 { speaker.emit("n", "\(number)", namespace: "/chat") }
        for number in 0..<20 { #expect(await heard.next() == "\(number)") }
    }

    @Test func everyHandlerOfANameIsCalledAndThoseOfAnyFirst() async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.onEvent("x") { _, _ in heard.write("first") }
            try chat.onEvent("x") { _, _ in heard.write("second") }
            chat.onAny { _, event in heard.write("any \(event.name)") }
        }
        let speaker = speaker(.engine4, on: stage)
        speaker.emit("x", namespace: "/chat")
        speaker.emit("y", namespace: "/chat")
        for expected in ["any x", "first", "second", "any y"] { #expect(await heard.next() == expected) }
    }

    /// A handler that never returns holds what its client sends, up to a bound.
    @Test func tooManyEventsThatWaitCloseTheirClient() async throws {
        let gate = Notes<String>()
        let stage = Stage {
            $0.settings.maxWaitingEvents = 3
            try! $0.namespace("/chat").onEvent("x") { _, _ in _ = await gate.next() }
        }
        let speaker = speaker(.engine4, on: stage)
        let other = self.speaker(.engine4, on: stage)
        for _ in 0..<3 { speaker.emit("x", namespace: "/chat") }
        #expect(speaker.news() == [])
        speaker.emit("x", namespace: "/chat")
        #expect(speaker.news() == [.close(nil)])
        #expect(other.news() == [] && stage.shard.sessionCount == 1)
        for _ in 0..<4 { gate.write("go") }
    }

    @Test(arguments: [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ])
    func namesOfTheProtocolAreRefused(name: String) async throws {
        let chat = Namespace("/chat")
        #expect(throws: EventNameError.self) { try chat.onEvent(name) { _, _ in } }
        #expect(throws: EventNameError.self) { try chat.on(name) { (_: Socket, _: String) in } }
        #expect(throws: EventNameError.self) { try chat.emit(name, 1) }
        #expect(throws: EventNameError.self) { try chat.onServerSide(name) { $0 } }
        await #expect(throws: EventNameError.self) { try await chat.emitWithAcks(name) }
        let error = #expect(throws: EventNameError.self) { try chat.emit(name) }
        #expect(error.map { "\($0)".contains("\"\(name)\"") } == true)
    }

    // MARK: Questions

    @Test(arguments: Speaker.Tongue.allCases)
    func clientIsAskedAndAnswers(tongue: Speaker.Tongue) async throws {
        let sockets = Notes<Socket>()
        let stage = stage { $0.onConnect { sockets.write($0) } }
        let speaker = speaker(tongue, on: stage)
        let socket = try #require(await sockets.next())
        for (round, id) in Array((tongue == .v09 ? [1, 2] : [0, 1]).enumerated()) {
            let reply = Task { try await socket.emitWithAck("question", "q", round) }
            await stage.turn()
            #expect(
                speaker.news() == [
                    speaker.event("question", #""q""#, "\(round)", namespace: "/chat", id: id)
                ])
            speaker.acknowledge(id + 90, #""to none""#, namespace: "/chat")
            speaker.acknowledge(id, #""yes""#, #"{"n":1}"#, namespace: "/chat")
            speaker.acknowledge(id, #""again""#, namespace: "/chat")
            let answer = try await reply.value
            #expect(answer.arguments == ["yes", ["n": 1]])
            let (text, more) = try answer.decoded(as: String.self, [String: Int].self)
            #expect(text == "yes" && more == ["n": 1])
            #expect(throws: ArgumentError.self) { try answer.decoded(as: Int.self) }
        }
        #expect(speaker.news() == [])
    }

    @Test func silenceEndsAQuestion() async throws {
        let sockets = Notes<Socket>()
        let stage = stage { $0.onConnect { sockets.write($0) } }
        let speaker = speaker(.engine4, on: stage)
        let socket = try #require(await sockets.next())
        let reply = Task { try await socket.emitWithAck("question", timeout: .seconds(2)) }
        await stage.turn()
        stage.pass(.milliseconds(1990))
        #expect(stage.shard.sessionCount == 1)
        stage.pass(.milliseconds(20))
        await #expect(throws: QuestionError.timedOut) { try await reply.value }
        speaker.acknowledge(0, #""late""#, namespace: "/chat")
        #expect(stage.shard.sessionCount == 1, "a late answer is harmless")
    }

    @Test func leavingEndsAQuestionAndNothingIsSentAfterwards() async throws {
        let sockets = Notes<Socket>()
        let stage = stage { $0.onConnect { sockets.write($0) } }
        let speaker = speaker(.engine4, on: stage)
        let socket = try #require(await sockets.next())
        let reply = Task { try await socket.emitWithAck("question") }
        await stage.turn()
        _ = speaker.news()
        speaker.say("41/chat,")
        await #expect(throws: QuestionError.disconnected) { try await reply.value }
        #expect(!socket.isConnected)
        try socket.emit("late", 1)
        let second = Task { try await socket.emitWithAck("late") }
        await stage.turn(2)
        await #expect(throws: QuestionError.disconnected) { try await second.value }
        #expect(speaker.news() == [] && stage.shard.sessionCount == 1)
    }

    // MARK: Coming and going

    @Test(arguments: Speaker.Tongue.allCases)
    func handshakeIsKnown(tongue: Speaker.Tongue) async throws {
        let sockets = Notes<Socket>()
        let stage = stage { $0.onConnect { sockets.write($0) } }
        let speaker = Speaker(tongue, on: stage, query: "room=blue")
        speaker.join("/chat", auth: #"{"token":"x"}"#)
        let socket = try #require(await sockets.next())
        #expect(socket.namespace.name == "/chat" && socket.isConnected && !socket.isRecovered)
        #expect(socket.handshake.parameter("room") == "blue")
        #expect(socket.handshake.auth == (tongue == .engine4 ? ["token": "x"] : nil))
        #expect(socket.transport == "websocket")
        switch tongue {
        case .v09: #expect(socket.handshake.generation == .v09)
        case .engine3: #expect(socket.handshake.generation == .v2)
        case .engine4:
            #expect(socket.handshake.generation == .v4)
            #expect(socket.handshake.header("host") == "localhost")
        }
    }

    @Test(arguments: [
        ("41/chat,", CloseReason.clientNamespaceDisconnect), ("4x", .parseError), ("x", .transportError),
    ])
    func reasonOfTheEndIsTold(packet: String, reason: CloseReason) async throws {
        let reasons = Notes<CloseReason>()
        let stage = stage { $0.onDisconnect { _, reason in reasons.write(reason) } }
        speaker(.engine4, on: stage).say(packet)
        #expect(await reasons.next() == reason)
    }

    @Test func reasonOfSilenceIsTheTimeout() async throws {
        let reasons = Notes<CloseReason>()
        let stage = stage { $0.onDisconnect { _, reason in reasons.write(reason) } }
        _ = speaker(.engine4, on: stage)
        stage.pass(.seconds(41))
        #expect(await reasons.next() == .pingTimeout)
    }

    @Test func reasonOfALostConnectionIsTheTransport() async throws {
        let reasons = Notes<CloseReason>()
        let stage = stage { $0.onDisconnect { _, reason in reasons.write(reason) } }
        speaker(.engine4, on: stage).link.hangsUp(at: stage.now)
        #expect(await reasons.next() == .transportClose)
    }

    @Test(arguments: [false, true])
    func applicationEndsASocket(closes: Bool) async throws {
        let sockets = Notes<Socket>()
        let reasons = Notes<CloseReason>()
        let stage = stage { chat in
            chat.onConnect { sockets.write($0) }
            chat.onDisconnect { _, reason in reasons.write(reason) }
        }
        let speaker = speaker(.engine4, on: stage)
        try #require(await sockets.next()).disconnect(close: closes)
        await stage.turn()
        #expect(await reasons.next() == .serverNamespaceDisconnect)
        #expect(speaker.news() == (closes ? [.text("41/chat,"), .close(nil)] : [.text("41/chat,")]))
        #expect(stage.shard.sessionCount == (closes ? 0 : 1))
    }

    @Test func whatWasSentBeforeTheEndIsHandledBeforeIt() async throws {
        let heard = heard
        let stage = stage { chat in
            try chat.onEvent("last") { _, _ in heard.write("event") }
            chat.onDisconnect { _, _ in heard.write("disconnect") }
        }
        let speaker = speaker(.engine4, on: stage)
        speaker.emit("last", namespace: "/chat")
        speaker.say("41/chat,")
        #expect(await heard.next() == "event")
        #expect(await heard.next() == "disconnect")
    }
}
