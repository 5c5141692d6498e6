namespace LogBroker.Raft;

/// <summary>One step of time, and what is known of the nodes at that moment (R28).</summary>
/// <param name="IsLeaderHeard">The node of the known leader is heard, and it hears this one. Without a leader it means nothing.</param>
/// <param name="VotersHeard">How many voters' nodes are heard, this one included.</param>
public readonly record struct RaftTick(bool IsLeaderHeard, int VotersHeard);
