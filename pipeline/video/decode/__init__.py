"""The child process that opens and decodes hostile files: the only room with av and cv2. The parent never imports it."""
