using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>The bytes.</content>
public abstract partial record GroupRecord
{
    /// <summary>The lowest key version of a group's own records; those below are committed offsets and classic groups.</summary>
    public const short KeyVersionMin = 3;

    /// <summary>The highest key version of a group's own records.</summary>
    public const short KeyVersionMax = 8;

    /// <summary>The field of a member's value that Kafka does not have: there a session timeout is the group's.</summary>
    private const int SessionTimeoutTag = 100;

    private const int TopicsHashTag = 0;
    private const short ValueVersion = 0;

    /// <summary>The version of the key: 3 to 8.</summary>
    public short Version => this switch
    {
        EpochSet => 3,
        TopicsKnown => 4,
        MemberKnown => 5,
        TargetEpochSet => 6,
        TargetSet => 7,
        CurrentSet => 8,
        Forgotten forgotten => forgotten.KeyVersion,
        _ => throw new InvariantViolationException($"a record of kind {GetType().Name} has no key"),
    };

    /// <summary>The member that the record is about, or "".</summary>
    public string Member => this switch
    {
        MemberKnown known => known.MemberId,
        TargetSet target => target.MemberId,
        CurrentSet current => current.MemberId,
        Forgotten forgotten => forgotten.MemberId,
        _ => "",
    };

    /// <summary>The version of a key, or -1 when it is too short to have one: tells these records from committed offsets.</summary>
    public static short VersionOf(ReadOnlySpan<byte> key) => key.Length < 2 ? (short)-1 : (short)((key[0] << 8) | key[1]);

    /// <summary>The key of the record.</summary>
    public byte[] WriteKey()
    {
        var to = new GroupFieldWriter();
        to.Int16(Version);
        to.PlainString(Group);
        if (HasMember(Version))
        {
            to.PlainString(Member);
        }

        return to.ToArray();
    }

    /// <summary>The value of the record; null forgets the key.</summary>
    public byte[]? WriteValue()
    {
        var to = new GroupFieldWriter();
        to.Int16(ValueVersion);
        switch (this)
        {
            case EpochSet set:
                to.Int32(set.Epoch);
                to.Length(set.TopicsHash == 0 ? 0 : 1);
                if (set.TopicsHash != 0)
                {
                    to.Tag(TopicsHashTag, 8);
                    to.Int64(set.TopicsHash);
                }

                break;
            case TopicsKnown known:
                WriteTopics(to, known.Topics);
                break;
            case MemberKnown known:
                WriteFacts(to, known.Facts);
                break;
            case TargetEpochSet set:
                to.Int32(set.Epoch);
                to.NoTags();
                break;
            case TargetSet target:
                WritePartitions(to, target.Partitions);
                to.NoTags();
                break;
            case CurrentSet current:
                to.Int32(current.Epoch);
                to.Int32(current.PreviousEpoch);
                to.Int8((sbyte)current.State);
                WritePartitions(to, current.Assigned);
                WritePartitions(to, current.PendingRevocation);
                to.NoTags();
                break;
            default:
                return null;
        }

        return to.ToArray();
    }

    /// <summary>Reads a record; an empty span of <paramref name="value"/> with <paramref name="isNull"/> is a null value.</summary>
    /// <returns>
    /// The record; <see cref="ErrorCode.UnsupportedVersion"/> for another key or value version, <see cref="ErrorCode.CorruptBatch"/> for
    /// bytes that do not parse.
    /// </returns>
    public static Result<GroupRecord> Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isNull)
    {
        short version = VersionOf(key);
        if (version is < KeyVersionMin or > KeyVersionMax)
        {
            return new BrokerError(
                ErrorCode.UnsupportedVersion,
                $"group record with key version {version}; this broker reads {KeyVersionMin} to {KeyVersionMax}");
        }

        var keyReader = new GroupFieldReader(key[2..]);
        string group = keyReader.PlainString();
        string member = HasMember(version) ? keyReader.PlainString() : "";
        if (!keyReader.IsExact)
        {
            return new BrokerError(ErrorCode.CorruptBatch, $"group record with key version {version}: the key does not parse");
        }

        if (isNull)
        {
            return new Forgotten(group, version, member);
        }

        var reader = new GroupFieldReader(value);
        short valueVersion = reader.Int16();
        if (valueVersion != ValueVersion && !reader.IsShort)
        {
            return new BrokerError(
                ErrorCode.UnsupportedVersion,
                $"group record with key version {version} and value version {valueVersion}; this broker reads {ValueVersion}");
        }

        GroupRecord record = ReadValue(ref reader, version, group, member);
        return reader.IsExact
            ? record
            : new BrokerError(ErrorCode.CorruptBatch, $"group record with key version {version}: the value does not parse");
    }

    private static bool HasMember(short version) => version is 5 or 7 or 8;

    private static GroupRecord ReadValue(ref GroupFieldReader reader, short version, string group, string member)
    {
        switch (version)
        {
            case 3:
                int epoch = reader.Int32();
                long hash = 0;
                for (int left = reader.Length(); left > 0 && !reader.IsShort; left--)
                {
                    hash = reader.Tag(TopicsHashTag, 8) ? reader.Int64() : hash;
                }

                return new EpochSet(group, epoch, hash);
            case 4:
                return new TopicsKnown(group, ReadTopics(ref reader));
            case 5:
                return new MemberKnown(group, member, ReadFacts(ref reader));
            case 6:
                var set = new TargetEpochSet(group, reader.Int32());
                reader.SkipTags();
                return set;
            case 7:
                var target = new TargetSet(group, member, ReadPartitions(ref reader));
                reader.SkipTags();
                return target;
            default:
                var current = new CurrentSet(
                    group,
                    member,
                    reader.Int32(),
                    reader.Int32(),
                    (GroupMemberState)reader.Int8(),
                    ReadPartitions(ref reader),
                    ReadPartitions(ref reader));
                reader.SkipTags();
                return current;
        }
    }

    private static void WriteTopics(GroupFieldWriter to, IReadOnlyList<GroupTopic> topics)
    {
        to.Count(topics.Count);
        foreach (GroupTopic topic in topics)
        {
            to.Uuid(topic.Id.Value);
            to.String(topic.Name);
            to.Int32(topic.PartitionCount);
            to.Count(0);
            to.NoTags();
        }

        to.NoTags();
    }

    private static List<GroupTopic> ReadTopics(ref GroupFieldReader reader)
    {
        var topics = new List<GroupTopic>();
        for (int left = reader.Count(); left > 0 && !reader.IsShort; left--)
        {
            var id = new TopicId(reader.Uuid());
            topics.Add(new GroupTopic(reader.String() ?? "", id, reader.Int32()));
            for (int racks = reader.Count(); racks > 0 && !reader.IsShort; racks--)
            {
                _ = reader.Int32();
                for (int names = reader.Count(); names > 0 && !reader.IsShort; names--)
                {
                    _ = reader.String();
                }

                reader.SkipTags();
            }

            reader.SkipTags();
        }

        reader.SkipTags();
        return topics;
    }

    private static void WriteFacts(GroupFieldWriter to, GroupMemberFacts facts)
    {
        to.OptionalString(facts.InstanceId);
        to.OptionalString(facts.Rack);
        to.String(facts.ClientId);
        to.String(facts.Host);
        to.Count(facts.Topics.Count);
        foreach (string topic in facts.Topics)
        {
            to.String(topic);
        }

        to.OptionalString(facts.TopicRegex);
        to.Int32(facts.RebalanceTimeoutMs);
        to.OptionalString(facts.Assignor);
        to.Length(1);
        to.Tag(SessionTimeoutTag, 4);
        to.Int32(facts.SessionTimeoutMs);
    }

    private static GroupMemberFacts ReadFacts(ref GroupFieldReader reader)
    {
        string instanceId = reader.String() ?? "";
        string rack = reader.String() ?? "";
        string clientId = reader.String() ?? "";
        string host = reader.String() ?? "";
        var topics = new List<string>();
        for (int left = reader.Count(); left > 0 && !reader.IsShort; left--)
        {
            topics.Add(reader.String() ?? "");
        }

        string regex = reader.String() ?? "";
        int rebalanceTimeoutMs = reader.Int32();
        string assignor = reader.String() ?? "";
        int sessionTimeoutMs = new GroupLimits().SessionTimeoutMsDefault;
        for (int left = reader.Length(); left > 0 && !reader.IsShort; left--)
        {
            sessionTimeoutMs = reader.Tag(SessionTimeoutTag, 4) ? reader.Int32() : sessionTimeoutMs;
        }

        return new GroupMemberFacts(
            instanceId, rack, clientId, host, topics, regex, assignor, sessionTimeoutMs, rebalanceTimeoutMs);
    }

    private static void WritePartitions(GroupFieldWriter to, GroupPartitionSet partitions)
    {
        (TopicId Topic, IReadOnlyList<int> Partitions)[] topics = [.. partitions.ByTopic()];
        to.Count(topics.Length);
        foreach ((TopicId topic, IReadOnlyList<int> indexes) in topics)
        {
            to.Uuid(topic.Value);
            to.Count(indexes.Count);
            foreach (int index in indexes)
            {
                to.Int32(index);
            }

            to.NoTags();
        }
    }

    private static GroupPartitionSet ReadPartitions(ref GroupFieldReader reader)
    {
        var partitions = new List<PartitionId>();
        for (int topics = reader.Count(); topics > 0 && !reader.IsShort; topics--)
        {
            var topic = new TopicId(reader.Uuid());
            for (int left = reader.Count(); left > 0 && !reader.IsShort; left--)
            {
                partitions.Add(new PartitionId(topic, reader.Int32()));
            }

            reader.SkipTags();
        }

        return GroupPartitionSet.Of(partitions);
    }
}
