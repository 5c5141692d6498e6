using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>The format of group records, pinned byte by byte, and whatever is written reads back.</summary>
public sealed class GroupRecordTests
{
    private static readonly TopicId Id = new(new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    private static readonly GroupPartitionSet Some = GroupPartitionSet.Of([new PartitionId(Id, 7), new PartitionId(Id, 0)]);

    private static readonly (GroupRecord Record, string Key, string Value)[] Golden =
    [
        (new GroupRecord.EpochSet("g", 5, 0), "0003" + "000167", "0000" + "00000005" + "00"),
        (new GroupRecord.EpochSet("g", 5, 0x0102030405060708), "0003" + "000167",
            "0000" + "00000005" + "01" + "0008" + "0102030405060708"),
        (new GroupRecord.TopicsKnown("g", [new GroupTopic("t", Id, 3)]), "0004" + "000167",
            "0000" + "02" + "00112233445566778899AABBCCDDEEFF" + "0274" + "00000003" + "01" + "00" + "00"),
        (new GroupRecord.MemberKnown("g", "m", new GroupMemberFacts("i", "", "c", "h", ["t", "u"], "", "range", 45_000, 300_000)),
            "0005" + "000167" + "00016D",
            "0000" + "0269" + "00" + "0263" + "0268" + "03" + "0274" + "0275" + "00" + "000493E0" + "0672616E6765"
                + "01" + "6404" + "0000AFC8"),
        (new GroupRecord.TargetEpochSet("g", 4), "0006" + "000167", "0000" + "00000004" + "00"),
        (new GroupRecord.TargetSet("g", "m", Some), "0007" + "000167" + "00016D",
            "0000" + "02" + "00112233445566778899AABBCCDDEEFF" + "03" + "00000000" + "00000007" + "00" + "00"),
        (new GroupRecord.CurrentSet("g", "m", 4, 3, GroupMemberState.Revoking, GroupPartitionSet.Empty, Some),
            "0008" + "000167" + "00016D",
            "0000" + "00000004" + "00000003" + "01" + "01" + "02" + "00112233445566778899AABBCCDDEEFF" + "03" + "00000000" + "00000007"
                + "00" + "00"),
    ];

    private static readonly Gen<string> Texts =
        Gen.Elements("", "a", "orders", "päyments", "𝄞", new string('x', 126), new string('x', 127), new string('ü', 124));

    private static readonly Gen<GroupPartitionSet> Sets =
        from count in Gen.Frequency((1, Gen.Constant(0)), (4, Gen.Choose(1, 10)), (1, Gen.Constant(300)))
        from topics in Gen.Choose(1, 4)
        from seed in Gen.Choose(0, int.MaxValue)
        select Random(count, topics, new Random(seed));

    private static readonly Gen<int> Ints = Gen.OneOf(Gen.Elements(0, 1, -1, -2, int.MaxValue, int.MinValue), Gen.Choose(0, 1_000_000));

    private static readonly Gen<GroupMemberFacts> Facts =
        from texts in Texts.ArrayOf(6)
        from topics in Texts.ListOf(3)
        from count in Gen.Choose(0, 3)
        from sessionMs in Ints
        from rebalanceMs in Ints
        select new GroupMemberFacts(
            texts[0], texts[1], texts[2], texts[3], [.. topics.Take(count)], texts[4], texts[5], sessionMs, rebalanceMs);

    private static readonly Gen<GroupRecord> Records =
        from texts in Texts.ArrayOf(3)
        from ints in Ints.ArrayOf(3)
        from set in Sets
        from other in Sets
        from facts in Facts
        from state in Gen.Elements(GroupMemberState.Stable, GroupMemberState.Revoking, GroupMemberState.Waiting)
        from record in Gen.Elements<GroupRecord>(
            new GroupRecord.EpochSet(texts[0], ints[0], ((long)ints[1] << 32) | (uint)ints[2]),
            new GroupRecord.TopicsKnown(texts[0], [.. set.ByTopic().Select(t => new GroupTopic(texts[2], t.Topic, t.Partitions.Count))]),
            new GroupRecord.MemberKnown(texts[0], texts[1], facts),
            new GroupRecord.TargetEpochSet(texts[0], ints[0]),
            new GroupRecord.TargetSet(texts[0], texts[1], set),
            new GroupRecord.CurrentSet(texts[0], texts[1], ints[0], ints[1], state, set, other),
            new GroupRecord.Forgotten(texts[0], 7, texts[1]),
            new GroupRecord.Forgotten(texts[0], 3, ""))
        select record;

    [Fact]
    public void TheBytesAreThese()
    {
        foreach ((GroupRecord record, string key, string value) in Golden)
        {
            Assert.Equal(key, Convert.ToHexString(record.WriteKey()));
            Assert.Equal(value, Convert.ToHexString(record.WriteValue()!));
            Assert.Equal(record.Version, GroupRecord.VersionOf(record.WriteKey()));
        }

        Assert.Null(new GroupRecord.Forgotten("g", 8, "m").WriteValue());
        Assert.Equal("0008" + "000167" + "00016D", Convert.ToHexString(new GroupRecord.Forgotten("g", 8, "m").WriteKey()));
        Assert.Equal("0006" + "000167", Convert.ToHexString(new GroupRecord.Forgotten("g", 6, "").WriteKey()));
    }

    [Fact]
    public void EveryRecordIsReadBack() => Prop.ForAll(Records.ToArbitrary(), record =>
    {
        (byte[] key, byte[]? value) = (record.WriteKey(), record.WriteValue());
        GroupRecord back = GroupRecord.Read(key, value, value is null).Value;
        Assert.Equal(record.GetType(), back.GetType());
        Assert.Equal(record.Group, back.Group);
        return key.AsSpan().SequenceEqual(back.WriteKey()) && (value ?? []).AsSpan().SequenceEqual(back.WriteValue() ?? []);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));

    [Fact]
    public void ACutOrLengthenedRecordIsRefusedAndADamagedOneNeverThrows()
    {
        foreach ((GroupRecord record, _, _) in Golden)
        {
            (byte[] key, byte[] value) = (record.WriteKey(), record.WriteValue()!);
            for (int length = 0; length < value.Length; length++)
            {
                Assert.Equal(ErrorCode.CorruptBatch, GroupRecord.Read(key, value.AsSpan(0, length), isNull: false).Error!.Code);
            }

            for (int length = 0; length < key.Length; length++)
            {
                Assert.False(GroupRecord.Read(key.AsSpan(0, length), value, isNull: false).IsOk);
            }

            Assert.False(GroupRecord.Read(key, [.. value, 0], isNull: false).IsOk);
            Assert.False(GroupRecord.Read([.. key, 0], value, isNull: false).IsOk);
            for (int at = 0; at < value.Length; at++)
            {
                foreach (byte other in (byte[])[0, 1, 0x7F, 0x80, 0xFF])
                {
                    byte[] damaged = [.. value];
                    damaged[at] = other;
                    _ = GroupRecord.Read(key, damaged, isNull: false);
                }
            }
        }
    }

    [Fact]
    public void AnotherVersionIsRefusedByName()
    {
        byte[] offsetCommit = [0, 1, 0, 1, (byte)'g'];
        BrokerError error = GroupRecord.Read(offsetCommit, [0, 0], isNull: false).Error!;
        Assert.Equal((ErrorCode.UnsupportedVersion, (short)1), (error.Code, GroupRecord.VersionOf(offsetCommit)));
        Assert.Contains("key version 1;", error.Message, StringComparison.Ordinal);
        byte[] key = new GroupRecord.TargetEpochSet("g", 1).WriteKey();
        BrokerError newer = GroupRecord.Read(key, [0, 1, 0, 0, 0, 0, 0], isNull: false).Error!;
        Assert.Contains("value version 1;", newer.Message, StringComparison.Ordinal);
        Assert.Equal(-1, GroupRecord.VersionOf([1]));
    }

    [Fact]
    public void FieldsThatKafkaMayAddAreSkipped()
    {
        byte[] key = new GroupRecord.TargetEpochSet("g", 1).WriteKey();
        byte[] value = [0, 0, 0, 0, 0, 9, 1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]; // an assignment timestamp
        Assert.Equal(new GroupRecord.TargetEpochSet("g", 9), GroupRecord.Read(key, value, isNull: false).Value);
        byte[] epochKey = new GroupRecord.EpochSet("g", 1, 0).WriteKey();
        byte[] epoch = [0, 0, 0, 0, 0, 9, 1, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8]; // a creation time
        Assert.Equal(new GroupRecord.EpochSet("g", 9, 0), GroupRecord.Read(epochKey, epoch, isNull: false).Value);
    }

    private static GroupPartitionSet Random(int count, int topics, Random random)
    {
        Guid[] ids = [.. Enumerable.Range(0, topics).Select(_ =>
        {
            byte[] bytes = new byte[16];
            random.NextBytes(bytes);
            return new Guid(bytes);
        })];
        return GroupPartitionSet.Of(
            Enumerable.Range(0, count).Select(_ => new PartitionId(new TopicId(ids[random.Next(topics)]), random.Next(10_000))));
    }
}
