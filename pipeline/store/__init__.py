"""What outlives the process: jobs, documents and the outbox in one SQLite file, and the journal of each film under way.

queue      jobs, one row a path: queued, running, done, failed, skipped      job_row    one of these rows
documents  what the model said of a content under a recipe                   identity   content, whatever a file is called
outbox     what is still to be told or moved after a job                     journal    captions of a film that is not finished
lookup     what an earlier run left of a film: a document that is finished, files that are not ours
"""
