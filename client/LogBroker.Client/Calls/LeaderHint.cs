using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>What a refusal says about who leads.</summary>
/// <param name="NodeId">The leader; 0 when it is not named.</param>
/// <param name="Address">Where clients reach it, or null.</param>
/// <param name="Epoch">The number of its leadership; 0 when it is not named.</param>
internal readonly record struct LeaderHint(int NodeId, string? Address, int Epoch)
{
    /// <summary>Reads the metadata of <see cref="ErrorCode.NotLeader"/>; false when it names nobody.</summary>
    public static bool TryRead(LogBrokerException error, out LeaderHint hint)
    {
        hint = default;
        if (error.Reason != ErrorCode.NotLeader)
        {
            return false;
        }

        string? address = error.Details.GetValueOrDefault("leaderAddress");
        hint = new LeaderHint(
            NumberOf(error, "leaderNodeId"), address is null ? null : ServerList.TryParseOne(address), NumberOf(error, "leaderEpoch"));
        return hint.NodeId > 0;
    }

    /// <summary>A number of the error's metadata; 0 when it is missing or none.</summary>
    public static int NumberOf(LogBrokerException error, string key) =>
        int.TryParse(error.Details.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
