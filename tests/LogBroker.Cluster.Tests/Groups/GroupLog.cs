using System.Text;

namespace LogBroker.Cluster.Tests;

/// <summary>The records of one group as a compacted log has them: the latest of each key, as bytes.</summary>
internal sealed class GroupLog(string group)
{
    private readonly Dictionary<string, (byte[] Key, byte[] Value)> _latest = [];

    public void Append(IEnumerable<GroupRecord> records)
    {
        foreach (GroupRecord record in records)
        {
            Assert.Equal(group, record.Group);
            byte[] key = record.WriteKey();
            if (record.WriteValue() is { } value)
            {
                _latest[Convert.ToHexString(key)] = (key, value);
            }
            else
            {
                _latest.Remove(Convert.ToHexString(key));
            }
        }
    }

    public IEnumerable<GroupRecord> Records => _latest.Values.Select(r => GroupRecord.Read(r.Key, r.Value, isNull: false).Value);

    public GroupMachine Rebuild(GroupLimits limits) => new(group, limits, Records);

    /// <summary>What a machine says of itself, without what only its coordinator knows.</summary>
    public static string Durable(GroupMachine machine)
    {
        GroupDescription described = machine.DescribeAt(0);
        var text = new StringBuilder().Append($"{described.Phase} {described.Epoch} {described.TargetEpoch} {described.Assignor}\n");
        foreach (GroupMemberDescription member in described.Members)
        {
            GroupMemberFacts facts = member.Facts;
            text.Append(
                $"{member.MemberId} {facts with { Topics = [] }} {string.Join(',', facts.Topics)} {member.Epoch} {member.PreviousEpoch} "
                + $"{member.State} held {Ids(member.Held)} target {Ids(member.Target)} revoking {Ids(member.Revoking)}\n");
        }

        return text.ToString();
    }

    private static string Ids(IReadOnlyList<GroupTopicPartitions> topics) =>
        string.Join(' ', topics.Select(t => $"{t.Id}/{string.Join(',', t.Partitions)}"));
}
