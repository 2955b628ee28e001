/// What one guest of a chat may do. Each is a setting.
///
/// - Units: characters are Unicode scalars, so that a letter with a thousand accents is not one.
struct ChatLimits: Equatable, Sendable {
    var maxName = 32
    var maxMessage = 1000
    /// Messages at once, before the rate counts.
    var burst = 10
    /// From one message to the next, in the long run. Signs of typing have the same limits on their own.
    var interval: Duration = .seconds(1)
}
