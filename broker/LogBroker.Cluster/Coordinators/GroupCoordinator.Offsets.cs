using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Committed offsets: stored, asked for, altered, expired; and groups that go.</summary>
internal sealed partial class GroupCoordinator
{
    /// <summary>Topics whose deletion is committed: only these are gone, for what is not known may just not be known yet.</summary>
    private readonly Func<TopicId, bool> _isDeleted;

    /// <summary>Stores what has no error yet; those of the partitions are filled in. Any thread; answered in the poll.</summary>
    /// <param name="commit">The commit, its fields checked.</param>
    /// <param name="topics">The topic's id per offset.</param>
    /// <param name="errors">Why an offset is not to be stored, or null.</param>
    /// <param name="answer">Told null, or what refuses all of them.</param>
    public void Commit(OffsetCommit commit, TopicId[] topics, BrokerError?[] errors, Action<BrokerError?> answer) => Post(() =>
    {
        BrokerError? error = Refusal(commit.Group)
            ?? (_waiting.Count >= WaitingMax ? GroupErrors.Busy(commit.Group, WaitingMax) : null)
            ?? Judge(commit, topics, errors);
        if (error is not null || errors.All(e => e is not null))
        {
            answer(error);
            return;
        }

        long nowMs = _env.WallClockMs;
        var entries = new List<(TopicPartition, CommittedEntry?)>(errors.Length);
        for (int i = 0; i < errors.Length; i++)
        {
            if (errors[i] is null)
            {
                OffsetToStore offset = commit.Offsets[i];
                entries.Add((
                    offset.Partition, new CommittedEntry(offset.Offset, offset.LeaderEpoch, offset.Metadata, nowMs, topics[i])));
            }
        }

        Store(GroupOf(commit.Group), entries, answer);
        _env.Metrics.OffsetCommits.Add(entries.Count);
    });

    /// <summary>What is committed, for partitions or for all; answered in the poll. Any thread.</summary>
    public void Fetch(
        string id, IReadOnlyList<TopicPartition>? partitions, Action<Result<StoredOffset[]>> answer) => Post(() =>
    {
        if (Refusal(id) is { } error)
        {
            answer(error);
            return;
        }

        CoordinatedGroup? group = _groups.GetValueOrDefault(id);
        IEnumerable<TopicPartition> asked = partitions ?? (IEnumerable<TopicPartition>?)group?.Offsets.Keys ?? [];
        IEnumerable<StoredOffset> stored = asked.Select(p => StoredOf(group, p));
        if (partitions is null)
        {
            stored = stored.Where(s => s.Offset >= 0)
                .OrderBy(s => s.Partition.Topic, StringComparer.Ordinal)
                .ThenBy(s => s.Partition.Partition);
        }

        answer(stored.ToArray());
    });

    /// <summary>Sets or forgets offsets of a group without members; answered when that is committed. Any thread.</summary>
    public void Alter(
        string id, IReadOnlyList<OffsetTarget> targets, TopicId[] topics, bool validateOnly,
        Action<Result<OffsetChange[]>> answer) => Post(() =>
    {
        CoordinatedGroup? group = _groups.GetValueOrDefault(id);
        if ((Refusal(id) ?? group?.Machine.RequireEmpty()) is { } error)
        {
            answer(error);
            return;
        }

        OffsetChange[] changes = [.. targets.Select(t => new OffsetChange(t.Partition, StoredOf(group, t.Partition).Offset, t.Offset))];
        if (validateOnly || changes.Length == 0)
        {
            answer(changes);
            return;
        }

        long nowMs = _env.WallClockMs;
        var entries = new List<(TopicPartition, CommittedEntry?)>(targets.Count);
        for (int i = 0; i < targets.Count; i++)
        {
            long offset = targets[i].Offset;
            entries.Add((targets[i].Partition, offset < 0 ? null : new CommittedEntry(offset, -1, "", nowMs, topics[i])));
        }

        Store(GroupOf(id), entries, e => answer(e is null ? changes : e));
    });

    /// <summary>Forgets a group without members; answered when that is committed. Any thread.</summary>
    public void Delete(string id, bool validateOnly, Action<BrokerError?> answer) => Post(() => DeleteNow(id, validateOnly, answer));

    /// <summary>Forgets offsets that nobody has used for long, and groups that have nothing left. Any thread.</summary>
    public void Expire() => Post(() =>
    {
        if (_stage == Stage.Serving)
        {
            ForgetOffsets(isExpiry: true);
        }
    });

    private void DeleteNow(string id, bool validateOnly, Action<BrokerError?> answer)
    {
        CoordinatedGroup? group = _groups.GetValueOrDefault(id);
        BrokerError? error = Refusal(id) ?? (group is null ? GroupErrors.Unknown(id) : group.Machine.RequireEmpty());
        if (error is not null || validateOnly)
        {
            answer(error);
        }
        else if (group!.Pending.Count > 0)
        {
            group.Await(e =>
            {
                if (e is null)
                {
                    DeleteNow(id, validateOnly, answer); // what was on its way is deleted with the rest
                }
                else
                {
                    answer(e);
                }
            });
        }
        else
        {
            Remove(group, answer);
        }
    }

    /// <summary>
    /// Takes away all records of a group, of which nothing is on its way. It is gone at once for those who come: what they begin is written
    /// behind its end.
    /// </summary>
    private void Remove(CoordinatedGroup group, Action<BrokerError?>? answer)
    {
        _effects.Clear();
        if (group.Machine.Epoch > 0)
        {
            group.Machine.Forget(_effects);
        }

        RecordToWrite[] records =
        [
            .. group.Offsets.Keys.Select(p => new RecordToWrite(OffsetRecord.Key(group.Id, p), null)),
            .. _effects.Append.Select(r => new RecordToWrite(r.WriteKey(), r.WriteValue())),
        ];
        var change = new GroupChange(group, records)
        {
            Answer = answer,
            DeadlineMs = answer is null ? long.MaxValue : _env.RunningMs + _settings.CommitMsMax,
        };
        if (records.Length == 0)
        {
            change.AnswerWith(null);
        }
        else if (Write(change) is { } error)
        {
            change.AnswerWith(error);
            return;
        }

        _groups.Remove(group.Id);
        Volatile.Write(ref _needsCare, 1);
    }

    /// <summary>Why a commit is refused as a whole, or null; partitions that the member does not hold get errors of their own.</summary>
    private BrokerError? Judge(OffsetCommit commit, TopicId[] topics, BrokerError?[] errors)
    {
        CoordinatedGroup? group = _groups.GetValueOrDefault(commit.Group);
        if (group is null)
        {
            return commit.Member.Length == 0 ? null : GroupErrors.UnknownMember(commit.Group, commit.Member);
        }

        if (group.Machine.JudgeCommit(commit.Member, commit.MemberEpoch) is { } refused)
        {
            return refused;
        }

        for (int i = 0; i < errors.Length; i++)
        {
            errors[i] ??= group.Machine.JudgeCommit(
                commit.Member, new PartitionId(topics[i], commit.Offsets[i].Partition.Partition));
        }

        return null;
    }

    /// <summary>Writes offsets, or their ends where there is none; they count when they are committed.</summary>
    private void Store(
        CoordinatedGroup group, List<(TopicPartition Partition, CommittedEntry? Entry)> entries, Action<BrokerError?>? answer)
    {
        RecordToWrite[] records =
        [
            .. entries.Select(e => new RecordToWrite(
                OffsetRecord.Key(group.Id, e.Partition), e.Entry is null ? null : OffsetRecord.Value(e.Entry))),
        ];
        var change = new GroupChange(group, records)
        {
            Answer = answer,
            DeadlineMs = answer is null ? long.MaxValue : _env.RunningMs + _settings.CommitMsMax,
            Apply = () =>
            {
                foreach ((TopicPartition partition, CommittedEntry? entry) in entries)
                {
                    if (entry is null)
                    {
                        group.Offsets.Remove(partition);
                    }
                    else
                    {
                        group.Offsets[partition] = entry;
                    }
                }
            },
        };
        if (Write(change) is { } error)
        {
            change.AnswerWith(error);
            ForgetIfNothing(group);
        }
    }

    /// <summary>A topic that was deleted and made again has no commits.</summary>
    private StoredOffset StoredOf(CoordinatedGroup? group, TopicPartition partition)
    {
        CommittedEntry? entry = group?.Offsets.GetValueOrDefault(partition);
        bool isOther = entry is not null
            && (_isDeleted(entry.Topic) || (Topics.Find(partition.Topic) is { } topic && topic.Id != entry.Topic));
        return entry is null || isOther
            ? StoredOffset.None(partition)
            : new StoredOffset(partition, entry.Offset, entry.LeaderEpoch, entry.Metadata, entry.CommittedAtMs);
    }

    /// <summary>
    /// Ends the commits of deleted topics; and for expiry those of groups without members, by the time when the last one left, and of
    /// topics that no member subscribes to any more, by the time of the commit. A group that has nothing left goes.
    /// </summary>
    private void ForgetOffsets(bool isExpiry)
    {
        long beforeMs = isExpiry ? _env.WallClockMs - _settings.OffsetsRetentionMs : long.MinValue;
        foreach (CoordinatedGroup group in _groups.Values.ToArray())
        {
            if (group.Pending.Count > 0)
            {
                continue; // it is in use
            }

            bool isEmpty = group.Machine.MembersCount == 0;
            var gone = new List<(TopicPartition, CommittedEntry?)>();
            foreach ((TopicPartition partition, CommittedEntry entry) in group.Offsets)
            {
                long unusedSinceMs = isEmpty ? Math.Max(group.EmptySinceMs, entry.CommittedAtMs)
                    : group.Machine.IsSubscribedTo(partition.Topic) ? long.MaxValue : entry.CommittedAtMs;
                if (_isDeleted(entry.Topic) || (isExpiry && unusedSinceMs <= beforeMs))
                {
                    gone.Add((partition, null));
                }
            }

            bool goes = isEmpty && isExpiry && gone.Count == group.Offsets.Count && group.EmptySinceMs <= beforeMs;
            if (goes)
            {
                Remove(group, answer: null);
            }
            else if (gone.Count > 0)
            {
                Store(group, gone, answer: null);
            }
        }
    }

    /// <summary>A group of which nothing was ever written was only asked about.</summary>
    private void ForgetIfNothing(CoordinatedGroup group)
    {
        bool isNothing = group.Pending.Count == 0 && group.Offsets.Count == 0 && group.Streams.Count == 0 && group.Machine.Epoch == 0;
        if (isNothing && _groups.GetValueOrDefault(group.Id) == group)
        {
            _groups.Remove(group.Id);
        }
    }
}
